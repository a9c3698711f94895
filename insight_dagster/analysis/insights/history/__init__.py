"""Insights across runs: which is the same as before, and what became of it."""
