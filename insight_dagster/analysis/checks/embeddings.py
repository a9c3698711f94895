"""Check of a class's embeddings.

Completeness and provenance of the vectors belong here; the latent space that they are placed in
does not (`latent_space`).
"""

from __future__ import annotations

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, Outcome
from insight_dagster.analysis.embeddings.health import inspect_embeddings


def vectors_complete(
    manifest: pa.Table, vectors: pa.Table, *, model_fingerprint: str, dimension: int
) -> Outcome:
    """Check that every usable clip has one finite vector, made by the current model.

    Args:
        manifest: the class's rows of `clip_manifest`.
        vectors: the class's rows of `embeddings`.
        model_fingerprint: fingerprint of the current model.
        dimension: width of the current model's embeddings.
    """
    health = inspect_embeddings(manifest, vectors)
    problems = [health.problem] if health.problem else []
    if vectors.num_rows and health.models != (model_fingerprint,):
        problems.append(f"vectors are of model {', '.join(health.models)}")
    if vectors.num_rows and health.dimension != dimension:
        problems.append(f"vectors have {health.dimension} numbers, the model gives {dimension}")
    return Outcome(
        passed=not problems,
        severity=ERROR,
        description="; ".join(problems) + "; materialize embeddings again"
        if problems
        else f"{health.vectors} vectors, one for each usable clip",
        facts={**health.facts(), "present_model": model_fingerprint, "model_gives": dimension},
    )
