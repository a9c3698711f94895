"""The insight engine: groups of clips that matter, why, and how sure that is.

For scripts: `find_insights` takes arrays. The pipeline calls `discover` on a `ClipTable`. One
module a kind; candidate groups come from `search`, `error_mixture` and the kinds themselves, many
are tested at once by `scan` and `contrasts`; `find` asks every kind, `result` ranks. No database,
no Dagster, no drawing.
"""

from insight_dagster.analysis.insights.api import Cause, Insight, find_insights
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.discovery import DEFINITIONS, Discovery, discover
from insight_dagster.analysis.insights.rows import InsightSet, nothing_found

__all__ = [
    "DEFINITIONS",
    "Cause",
    "ClipTable",
    "Discovery",
    "Insight",
    "InsightSet",
    "discover",
    "find_insights",
    "nothing_found",
]
