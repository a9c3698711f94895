"""`insight export`: everything that is known of the clips, as files for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from insight_dagster import tables
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.export.embedding_atlas import READ_ME, atlas_clips
from insight_dagster.export.fiftyone.dataset import write_fiftyone
from insight_dagster.export.table_files import write_table
from insight_dagster.files.atomic import draft_folder, publish_folder
from insight_dagster.pipeline.home import open_database
from insight_dagster.pipeline.latent_space.space_rows import newest_space
from insight_dagster.settings import Settings
from insight_dagster.tables.columns import Column, Table

ATLAS, FIFTYONE = "embedding-atlas", "fiftyone"
FORMATS = ("parquet", "csv", ATLAS, FIFTYONE)
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
_WHOLE = (
    tables.INSIGHTS,
    tables.INSIGHT_MEMBERS,
    tables.INSIGHT_CAUSES,
    tables.INSIGHT_ACTIONS,
    tables.INSIGHT_EFFECTS,
    tables.INSIGHT_LEDGER,
    tables.PERFORMANCE,
)


def export_home(
    settings: Settings, kind: str, folder: Path, *, console: Console, copy_media: bool = False
) -> None:
    """Write `clips` (one row a clip, quarantined ones too), the insight tables and `columns`.

    Parquet has the vectors as well (`embeddings`). For Embedding Atlas, `clips` has those that are
    placed in the latent space, with neighbours and key frames, and a README says how to open them.
    For FiftyOne the folder is a dataset of the usable clips, with their videos if `copy_media`.
    The folder is there whole or not at all.

    Raises:
        SettingsError: another format, a folder that is in use, or one that cannot be written.
    """
    if kind not in FORMATS:
        raise SettingsError(f"format {kind!r} is none of {', '.join(FORMATS)}")
    if copy_media and kind != FIFTYONE:
        raise SettingsError(f"--copy-media goes with the format {FIFTYONE}, not {kind}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} is there already; name a folder that is empty or new")
    store = open_database(settings)
    try:
        with draft_folder(folder) as draft:
            if kind == FIFTYONE:
                clips = exported_clips(store)
                write_fiftyone(
                    store, settings, clips, draft, copy_media=copy_media, console=console
                )
            else:
                _write_tables(store, settings, kind, draft, console)
            publish_folder(draft, folder)
    except OSError as problem:
        raise SettingsError(f"{folder} cannot be written: {problem}") from problem
    console.print(f"Exported to {folder}", soft_wrap=True, markup=False, highlight=False)


def _write_tables(
    store: Database, settings: Settings, kind: str, folder: Path, console: Console
) -> None:
    ending = "csv" if kind == "csv" else "parquet"
    exported = _exported(store, vectors=kind == "parquet")
    if kind == ATLAS:
        exported = _for_atlas(store, settings)
        (folder / "README.md").write_text(READ_ME, encoding="utf-8")
    for name, rows in exported:
        write_table(rows, folder / f"{name}.{ending}")
        console.print(f"{name}.{ending}: {rows.num_rows} rows", markup=False, highlight=False)


def _exported(store: Database, *, vectors: bool) -> Iterator[tuple[str, pa.Table]]:
    clips = exported_clips(store)
    yield "clips", clips
    yield from ((table.name, store.rows(table)) for table in _WHOLE)
    if vectors:
        yield "embeddings", store.rows(tables.EMBEDDINGS)
    yield "columns", _dictionary(clips.column_names)


def _for_atlas(store: Database, settings: Settings) -> Iterator[tuple[str, pa.Table]]:
    clips = exported_clips(store)
    yield "clips", atlas_clips(store, settings.folders, clips)
    yield "insights", store.rows(tables.INSIGHTS)
    yield "columns", _dictionary(clips.column_names)


def exported_clips(store: Database) -> pa.Table:
    """One row a clip with what the present model and latent space say of it, by clip id.

    Columns are those of manifest, predictions, projection, clusters and metadata table, and
    `insights`: ids of the insights that the clip is a core member of.
    """
    present = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    return store.read(_CLIPS, [present["model_fingerprint"], present["space_id"]])


def _dictionary(clip_columns: list[str]) -> pa.Table:
    """What every exported column means: table, column, unit, description."""
    joined = (
        tables.CLIP_MANIFEST,
        tables.PREDICTIONS,
        tables.PROJECTION,
        tables.CLUSTERS,
        tables.METADATA_TABLE,
    )
    of_clips = {column.name: column for table in joined for column in table.columns}
    rows = [_told("clips", of_clips[name]) for name in clip_columns if name in of_clips]
    rows.append({
        "table": "clips", "column": "insights", "unit": "",
        "description": "ids of the insights that the clip is a core member of",
    })  # fmt: skip
    whole: tuple[Table, ...] = (*_WHOLE, tables.EMBEDDINGS)
    rows += [_told(table.name, column) for table in whole for column in table.columns]
    return pa.Table.from_pylist(rows)


def _told(table: str, column: Column) -> dict[str, str]:
    return {
        "table": table,
        "column": column.name,
        "unit": column.unit,
        "description": column.description,
    }
