"""The `ClipTable` of the insight search, read from the database and joined with the user's columns.

Clips are in it once they have been embedded, measured and placed. What is found in the table is in
`insight_dagster.analysis.insights`.
"""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.insights.clip_table import ClipTable, clip_table_of
from insight_dagster.analysis.insights.populations import Population
from insight_dagster.analysis.metadata.metadata_file import read_columns
from insight_dagster.analysis.sql_filters import matching, sandbox
from insight_dagster.database import Database
from insight_dagster.errors import LatentSpaceError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import read_latent_space
from insight_dagster.settings.analysis_options import AnalysisOptions
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.status import IS_USABLE

_FILTER_COLUMNS = (
    "clip_id", "class_name", "path", "split", "fps", "width", "height", "duration_seconds",
    "has_audio", "size_bytes", "predicted", "probability", "loss", "correct", "cluster", "strength",
)  # fmt: skip
_CLIPS = f"""
    SELECT m.clip_id, m.class_name, m.path, m.split, m.content_key,
           m.fps, m.width, m.height, m.duration_seconds, m.has_audio, m.size_bytes,
           p.predicted, p.probability, p.loss, p.correct, p.logits,
           c.cluster, c.strength, e.embedding,
           d.* EXCLUDE (clip_id, class_name, content_key, metadata_version)
    FROM clip_manifest m
    JOIN embeddings e USING (clip_id)
    JOIN predictions p USING (clip_id)
    JOIN clusters c USING (clip_id)
    JOIN metadata_table d USING (clip_id)
    WHERE m.{IS_USABLE} AND c.space_id = ? AND p.model_fingerprint = ?
    ORDER BY m.clip_id"""  # noqa: S608

_MEASURED = f"""
    SELECT m.clip_id, m.class_name, m.path, m.split, m.fps, m.width, m.height,
           m.duration_seconds, m.has_audio, m.size_bytes, p.predicted, p.probability, p.loss,
           p.correct, c.cluster, c.strength,
           d.* EXCLUDE (clip_id, class_name, content_key, metadata_version, signature)
    FROM clip_manifest m
    JOIN predictions p USING (clip_id)
    JOIN metadata_table d USING (clip_id)
    LEFT JOIN clusters c USING (clip_id)
    WHERE m.{IS_USABLE} ORDER BY m.clip_id"""  # noqa: S608


@dataclass(frozen=True)
class ClipTableRead:
    """A clip table with facts about how it was read.

    Attributes:
        clips: the clip table.
        space_id: latent space of the coordinates.
        notes: facts by name, shown as metadata of the asset.
    """

    clips: ClipTable
    space_id: str
    notes: dict[str, Any]


def read_clip_table(
    store: Database,
    folders: HomeFolders,
    options: AnalysisOptions,
    *,
    model_fingerprint: str,
    model_labels: tuple[str, ...],
) -> ClipTableRead:
    """Return the clips placed in the current latent space, with the user's columns and filters.

    Classes that have not been placed yet are left out: materialize `clusters` for them first.

    Args:
        store: the database.
        folders: the home's folders.
        options: metadata file, populations and contrasts of the settings.
        model_fingerprint: fingerprint of the current model.
        model_labels: labels of the current model.

    Raises:
        LatentSpaceError: no latent space has been fitted yet, or no class is placed in it.
        SettingsError: the metadata file or a filter cannot be used.
    """
    space = read_latent_space(store, folders, models={model_fingerprint})
    rows = store.read(_CLIPS, [space.space_id, model_fingerprint])
    if not rows.num_rows:
        raise LatentSpaceError("no class is placed in the latent space yet; materialize clusters")
    coordinates, _ = space.locate(rows["clip_id"].to_pylist(), matrix_of(rows, "embedding"))
    clips = clip_table_of(rows.drop_columns(["embedding", "path"]), coordinates, model_labels)
    clips, notes = with_user_columns(clips, rows, options)
    clips, counted = with_filters(clips, rows, options)
    return ClipTableRead(clips, space.space_id, notes | counted)


def with_user_columns(
    clips: ClipTable, rows: pa.Table, options: AnalysisOptions
) -> tuple[ClipTable, dict[str, Any]]:
    """Return the clips with the columns of the metadata file, and how many rows matched."""
    if options.metadata_file is None:
        return clips, {}
    joined = read_columns(
        options.metadata_file,
        rows.select(["clip_id", "path"]).to_pandas(),
        taken=frozenset(map(str, clips.metadata.columns)),
    )
    metadata = pd.concat([clips.metadata.reset_index(drop=True), joined.columns], axis=1)
    notes = {
        "metadata_file_columns": len(joined.columns.columns),
        "clips_not_in_metadata_file": joined.without_row,
        "rows_of_metadata_file_without_clip": joined.unknown,
    }
    return replace(clips, metadata=metadata), notes


def with_filters(
    clips: ClipTable, rows: pa.Table, options: AnalysisOptions
) -> tuple[ClipTable, dict[str, Any]]:
    """Return the clips with the settings' populations and contrasts, and the size of each."""
    if not (options.populations or options.contrasts):
        return clips, {}
    columns = filter_columns(clips, rows)
    with sandbox(columns, memory_mib=options.filter_memory_mib) as opened:
        found = {
            kind: {
                name: matching(opened, each.sql, name=name, seconds=options.filter_seconds)
                for name, each in sorted(filters.items())
            }
            for kind, filters in (
                ("populations", options.populations),
                ("contrasts", options.contrasts),
            )
        }
    own = tuple(
        Population(name, each.description or each.sql, each.sql, each.within_class)
        for name, each in sorted(options.populations.items())
    )
    filtered = replace(
        clips,
        populations=(*clips.populations, *own),
        chosen={name: inside == 1 for name, inside in found["populations"].items()},
        contrasts=found["contrasts"],
    )
    counts = {
        f"clips_in_{name}": int((inside == 1).sum())
        for filters in found.values()
        for name, inside in filters.items()
    }
    return filtered, counts


def filter_columns(clips: ClipTable, rows: pa.Table) -> pa.Table:
    """Return the columns that filters can use: identity, prediction, cluster and metadata."""
    known = rows.select([name for name in _FILTER_COLUMNS if name in rows.column_names]).to_pandas()
    metadata = clips.metadata.reset_index(drop=True)
    metadata = metadata[[name for name in metadata.columns if name not in known.columns]]
    return pa.Table.from_pandas(pd.concat([known, metadata], axis=1), preserve_index=False)


def read_filter_columns(store: Database) -> pa.Table:
    """Return the columns that filters can use, for every measured clip, placed or not."""
    rows = store.read(_MEASURED)
    extra = [dict(pairs) for pairs in rows["extra"].to_pylist()]
    names = sorted({name for each in extra for name in each})
    known = rows.drop_columns(["extra"])
    for name in names:
        if name not in known.column_names:
            known = known.append_column(name, pa.array([each.get(name) for each in extra]))
    return known
