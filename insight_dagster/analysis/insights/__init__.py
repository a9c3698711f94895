"""The insight engine: groups of clips that matter, why, and how sure that is.

One module a kind (`low_performance`, `over_represented`, `class_confusion`, `mislabeled`,
`near_duplicates`), their inputs (`clip_table`, `groups`), what they hand back (`finding`), and
what all share afterwards (`causes`, `result`, `find`). No database, no Dagster, no drawing.
"""

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.find import find_insights
from insight_dagster.analysis.insights.result import InsightSet, nothing_found

__all__ = ["ClipTable", "InsightSet", "find_insights", "nothing_found"]
