"""The clips of an export: one row each with the columns of all tables."""

from __future__ import annotations

import pyarrow as pa

from insight_dagster.database import Database
from insight_dagster.pipeline.latent_space.space_rows import newest_space

INSIGHTS_COLUMN = "insights"
INSIGHTS_DESCRIPTION = "ids of the insights that the clip is a core member of"
_CLIPS = """
    SELECT m.* EXCLUDE (content_key),
           p.* EXCLUDE (clip_id, class_name, content_key, model_fingerprint, logits),
           j.x, j.y, j.pca_x, j.pca_y, j.fitted,
           c.cluster, c.strength,
           d.* EXCLUDE (clip_id, class_name, content_key, metadata_version, signature),
           coalesce(i.insights, []) AS insights
    FROM clip_manifest m
    LEFT JOIN (SELECT * FROM predictions WHERE model_fingerprint = $1) p USING (clip_id)
    LEFT JOIN (SELECT * FROM projection WHERE space_id = $2) j USING (clip_id)
    LEFT JOIN (SELECT * FROM clusters WHERE space_id = $2) c USING (clip_id)
    LEFT JOIN metadata_table d USING (clip_id)
    LEFT JOIN (
        SELECT clip_id, list(insight_id ORDER BY insight_id) AS insights
        FROM insight_members WHERE weight >= 0.5 GROUP BY clip_id) i USING (clip_id)
    ORDER BY m.clip_id"""


def exported_clips(store: Database) -> pa.Table:
    """Return one row for each clip, quarantined ones too, of the current model and latent space.

    Columns are those of manifest, predictions, projection, clusters and metadata table, and
    `insights`: ids of the insights that the clip is a core member of. Rows are in clip-id order.
    """
    current = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    return store.read(_CLIPS, [current["model_fingerprint"], current["space_id"]])


def with_content_keys(store: Database, clips: pa.Table) -> pa.Table:
    """Return clips with the column `content_key`, which files of the home are named by."""
    keys = store.read("SELECT clip_id, content_key FROM clip_manifest")
    key_of = dict(zip(*(keys[name].to_pylist() for name in keys.column_names), strict=True))
    contents = [key_of.get(clip) for clip in clips["clip_id"].to_pylist()]
    return clips.append_column("content_key", pa.array(contents, pa.string()))
