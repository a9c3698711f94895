"""Decisions of the asset checks: tables and thresholds in, an `Outcome` with its numbers out.

One module per subject. What is read for which check is in `pipeline/class_checks`; the statistics
of performance and data drift are in `analysis/drift`.
"""

from insight_dagster.analysis.checks.outcome import (
    ERROR,
    WARN,
    Outcome,
    not_compared,
    not_evaluated,
)

__all__ = ["ERROR", "WARN", "Outcome", "not_compared", "not_evaluated"]
