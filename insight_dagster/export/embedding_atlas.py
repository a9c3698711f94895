"""The format embedding-atlas: the clips as a table that Embedding Atlas opens."""

from __future__ import annotations

from pathlib import Path

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster import tables
from insight_dagster.analysis.metadata.contact_sheets import COLUMNS, TILE
from insight_dagster.database import Database
from insight_dagster.export.clip_rows import INSIGHTS_COLUMN, exported_clips, with_content_keys
from insight_dagster.export.table_folder import column_dictionary, write_named_table
from insight_dagster.export.written_file import WrittenFile
from insight_dagster.files.home_folders import HomeFolders, sheet_path
from insight_dagster.pipeline.latent_space.space_rows import nearest_clips

NEIGHBOURS = 15
_NEIGHBOUR = pa.struct([("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float64()))])
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_READ_ME = """Open with Embedding Atlas (`pip install embedding-atlas`):

    embedding-atlas clips.parquet --x x --y y --neighbors neighbors --image key_frame \\
        --disable-projection

or write a site that needs no server: add `--export-application site` to the same command.
`x`, `y` are the t-SNE layout, `pca_x`, `pca_y` the PCA layout; `neighbors` are those in the latent
space; `insights` has the ids of the insights that a clip is a core member of (`insights.parquet`).
"""


def write_embedding_atlas(store: Database, folders: HomeFolders, folder: Path) -> list[WrittenFile]:
    """Write the clips that have a place in the latent space, with neighbours and key frames.

    Args:
        store: the database.
        folders: of the home.
        folder: to write into.

    Raises:
        SettingsError: a file cannot be written.
    """
    clips = exported_clips(store)
    exported = {
        "clips": _atlas_clips(store, folders, clips),
        "insights": store.rows(tables.INSIGHTS),
        "columns": column_dictionary(clips.column_names),
    }
    (folder / "README.md").write_text(_READ_ME, encoding="utf-8")
    return [write_named_table(rows, folder, f"{name}.parquet") for name, rows in exported.items()]


def _atlas_clips(store: Database, folders: HomeFolders, clips: pa.Table) -> pa.Table:
    """Return the placed clips with two columns more, and lists of insights joined to texts.

    `neighbors` has zero-based rows of this table with latent distances; `key_frame` is a JPEG, null
    where there is no contact sheet.
    """
    # The file's time in nanoseconds is left out: it exceeds 2^53, where numbers of browsers end.
    placed = clips.filter(pc.is_valid(clips["x"])).drop_columns(["modified_ns"])
    neighbours = _neighbours(store, folders, placed["clip_id"].to_pylist())
    keys = with_content_keys(store, placed)["content_key"].to_pylist()
    frames = [
        _key_frame(folders.contact_sheets, key, path)
        for key, path in zip(keys, placed["path"].to_pylist(), strict=True)
    ]
    joined = pa.array([", ".join(ids) for ids in placed[INSIGHTS_COLUMN].to_pylist()], pa.string())
    at = placed.column_names.index(INSIGHTS_COLUMN)
    return (
        placed.set_column(at, INSIGHTS_COLUMN, joined)
        .append_column("neighbors", neighbours)
        .append_column("key_frame", pa.array(frames, _IMAGE))
    )


def _neighbours(store: Database, folders: HomeFolders, clip_ids: list[str]) -> pa.Array:
    """Return the nearest others of each clip in the latent space, as rows of the list given."""
    rows, distances = nearest_clips(store, folders, k=NEIGHBOURS).among(clip_ids)
    found = [
        {"ids": near[near >= 0].tolist(), "distances": apart[near >= 0].tolist()}
        for near, apart in zip(rows, distances, strict=True)
    ]
    return pa.array(found, _NEIGHBOUR)


def _key_frame(sheets: Path, content_key: str, path: str) -> dict[str, object] | None:
    """Return the middle frame of a clip's contact sheet as a JPEG of 128 px; None without one."""
    sheet = cv2.imread(str(sheet_path(sheets, content_key)))
    if sheet is None:
        return None
    row, column = divmod(sheet.shape[0] // TILE * COLUMNS // 2, COLUMNS)
    tile = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
    _, jpeg = cv2.imencode(".jpg", tile)
    return {"bytes": jpeg.tobytes(), "path": path}
