"""Every table of the DuckDB file: column names, types, units and meaning, defined here alone.

Definitions belong here, and what columns are made of: words of fixed vocabularies (`status`),
timestamps (`clock`), vectors as matrices (`arrays`). Connections, queries and writes do not: see
`insight_dagster.database`.
"""

from __future__ import annotations

from insight_dagster.tables.clips import (
    CLIP_MANIFEST,
    EMBEDDINGS,
    PREDICTIONS,
)
from insight_dagster.tables.columns import Table
from insight_dagster.tables.follow_up import INSIGHT_ACTIONS, INSIGHT_EFFECTS, INSIGHT_LEDGER
from insight_dagster.tables.insights import (
    HEATMAP_BUNDLES,
    INSIGHT_CAUSES,
    INSIGHT_MEMBERS,
    INSIGHTS,
)
from insight_dagster.tables.latent_space import CLUSTERS, LATENT_SPACES, PROJECTION
from insight_dagster.tables.metadata import (
    METADATA_FIELDS,
    METADATA_FRAME_SERIES,
    METADATA_FRAMES,
    METADATA_PAIR_SERIES,
    METADATA_TABLE,
)
from insight_dagster.tables.operations import (
    CHECK_RESULTS,
    LAST_WRITE,
    PINNED_INSIGHTS,
    STEP_FAILURES,
    VERDICTS,
)
from insight_dagster.tables.performance import (
    BASELINE_CLIPS,
    BASELINES,
    DRIFT,
    PERFORMANCE,
)

__all__ = [
    "BASELINES",
    "BASELINE_CLIPS",
    "CHECK_RESULTS",
    "CLIP_MANIFEST",
    "CLUSTERS",
    "DRIFT",
    "EMBEDDINGS",
    "HEATMAP_BUNDLES",
    "INSIGHTS",
    "INSIGHT_ACTIONS",
    "INSIGHT_CAUSES",
    "INSIGHT_EFFECTS",
    "INSIGHT_LEDGER",
    "INSIGHT_MEMBERS",
    "IRREPLACEABLE",
    "LAST_WRITE",
    "LATENT_SPACES",
    "METADATA_FIELDS",
    "METADATA_FRAMES",
    "METADATA_FRAME_SERIES",
    "METADATA_PAIR_SERIES",
    "METADATA_TABLE",
    "PERFORMANCE",
    "PINNED_INSIGHTS",
    "PREDICTIONS",
    "PROJECTION",
    "SCHEMA_VERSION",
    "STEP_FAILURES",
    "TABLES",
    "VERDICTS",
    "Table",
]

SCHEMA_VERSION = 6
"""Number of the released schema: raised with the first change of a column after a release."""

TABLES = (
    CLIP_MANIFEST,
    EMBEDDINGS,
    PREDICTIONS,
    METADATA_TABLE,
    METADATA_FRAMES,
    PERFORMANCE,
    DRIFT,
    LATENT_SPACES,
    PROJECTION,
    CLUSTERS,
    INSIGHTS,
    INSIGHT_MEMBERS,
    INSIGHT_CAUSES,
    INSIGHT_ACTIONS,
    INSIGHT_EFFECTS,
    INSIGHT_LEDGER,
    HEATMAP_BUNDLES,
    VERDICTS,
    BASELINES,
    BASELINE_CLIPS,
    CHECK_RESULTS,
    STEP_FAILURES,
    PINNED_INSIGHTS,
    LAST_WRITE,
)

IRREPLACEABLE = tuple(table for table in TABLES if table.irreplaceable)
"""The tables whose rows no run computes again: history, and what people entered."""
