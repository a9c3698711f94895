"""Changes of accuracy, loss and calibration since the baseline, split into causes."""
