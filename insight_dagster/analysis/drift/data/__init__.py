"""Changes of the clips themselves since the baseline: metadata fields and embeddings.

`metadata_drift` and `embedding_drift` compare new clips with old ones, within the `strata` of their
splits; `wasserstein` and `mmd` are the distances; `evaluation` compares both with the thresholds.
"""
