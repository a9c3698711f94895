"""What the asset checks decide: tables and thresholds in, an outcome with its numbers out.

One module per asset. No Dagster, no database; performance and data drift are in `analysis/drift`.
"""

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome, not_judged

__all__ = ["ERROR", "WARN", "Outcome", "not_judged"]
