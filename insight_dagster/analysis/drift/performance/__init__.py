"""Changes of accuracy, loss and calibration since the baseline, split by cause.

`performance_drift` splits a change into `model_change` (the same clips, predicted differently) and
`population_change` (different clips); `evaluation` compares both with the thresholds.
"""
