"""The input of a report: the tables as frames, and a few facts about the run.

Belongs here: the shape of the input, checked. Does not: anything derived from it, and reading it
(`pipeline/report_data`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from insight_dagster import tables
from insight_dagster.analysis.numerics.neighbours import NearestClips

SHOWN = (
    tables.CLIP_MANIFEST,
    tables.PREDICTIONS,
    tables.METADATA_TABLE,
    tables.PROJECTION,
    tables.CLUSTERS,
    tables.INSIGHTS,
    tables.INSIGHT_MEMBERS,
    tables.INSIGHT_CAUSES,
    tables.INSIGHT_ACTIONS,
    tables.INSIGHT_EFFECTS,
    tables.INSIGHT_LEDGER,
    tables.HEATMAP_BUNDLES,
    tables.LATENT_SPACES,
    tables.DRIFT,
    tables.VERDICTS,
)
# Wide columns that no page shows; a caller may leave them out.
_NOT_NEEDED = {"logits", "signature", "extra", "embedding"}


@dataclass(frozen=True)
class ReportData:
    """Tables to report on, each a frame with the columns of its table, rows in any order.

    Attributes:
        home: folder that the paths of `heatmap_bundles` are relative to, and of the contact sheets.
        title: headline of the page.
        run_id: of the Dagster run; the report of a run replaces what that run wrote before.
        model_fingerprint: of the model behind predictions and embeddings; '' = none yet.
        random_weights: whether that model is untrained, which the page says at the top.
        created_at: when the report was made, UTC.
        nearest: the nearest clips of those that have a place in the latent space.
        definitions: by kind of insight, how it is found, in words.
        clip_manifest, ...: the tables; empty frames are fine.
    """

    home: Path
    title: str
    run_id: str
    model_fingerprint: str
    random_weights: bool
    created_at: datetime
    nearest: NearestClips
    definitions: dict[str, str]
    clip_manifest: pd.DataFrame
    predictions: pd.DataFrame
    metadata_table: pd.DataFrame
    projection: pd.DataFrame
    clusters: pd.DataFrame
    insights: pd.DataFrame
    insight_members: pd.DataFrame
    insight_causes: pd.DataFrame
    insight_actions: pd.DataFrame
    insight_effects: pd.DataFrame
    insight_ledger: pd.DataFrame
    heatmap_bundles: pd.DataFrame
    latent_spaces: pd.DataFrame
    drift: pd.DataFrame
    verdicts: pd.DataFrame

    def __post_init__(self) -> None:
        """Refuse frames that lack a column of their table."""
        for table in SHOWN:
            present = set(getattr(self, table.name).columns)
            missing = [name for name in table.column_names if name not in present | _NOT_NEEDED]
            if missing:
                raise ValueError(
                    f"frame {table.name} lacks columns {missing}, it has {sorted(present)}"
                )
