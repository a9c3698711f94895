"""Alerts about failed runs: which ones (`sensors`), how (`delivery`), and the retry `queue`."""
