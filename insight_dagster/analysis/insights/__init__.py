"""The insight engine: groups of clips that matter, their causes, and how certain they are.

Scripts call `find_insights` with arrays; the pipeline calls `discover` with a `ClipTable`. One
module per kind of insight is in `kinds`, candidate groups and their statistics in `candidates`,
explanations in `causes`, insights across runs in `history`. `discovery` runs all kinds, `ranking`
corrects and orders what they find, `rows` lays it out. No database, no Dagster, no drawing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from insight_dagster.tables.insights import Cause, Insight

if TYPE_CHECKING:
    from insight_dagster.analysis.insights.api import find_insights
    from insight_dagster.analysis.insights.clip_table import ClipTable
    from insight_dagster.analysis.insights.discovery import Discovery, discover
    from insight_dagster.analysis.insights.kinds.registry import DEFINITIONS
    from insight_dagster.analysis.insights.rows import InsightSet

__all__ = [
    "DEFINITIONS",
    "Cause",
    "ClipTable",
    "Discovery",
    "Insight",
    "InsightSet",
    "discover",
    "find_insights",
]

_MODULES = {
    "DEFINITIONS": "kinds.registry",
    "ClipTable": "clip_table",
    "Discovery": "discovery",
    "InsightSet": "rows",
    "discover": "discovery",
    "find_insights": "api",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: commands that only read need none of it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
