"""`insight export embedding-atlas`: the clips as a table that Embedding Atlas opens.

What its columns are belongs here; the folder and the other formats are `export.py`'s.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.metadata.contact_sheets import COLUMNS, TILE, sheet_path
from insight_dagster.database import Database
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import nearest_clips

NEIGHBOURS = 15
_NEIGHBOUR = pa.struct([("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float64()))])
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
READ_ME = """Open with Embedding Atlas (`pip install embedding-atlas`):

    embedding-atlas clips.parquet --x x --y y --neighbors neighbors --image key_frame \\
        --disable-projection

or write a site that needs no server: add `--export-application site` to the same command.
`x`, `y` are the t-SNE layout, `pca_x`, `pca_y` the other one; `neighbors` are of the latent space;
`insights` has the ids of the insights that a clip is a core member of (`insights.parquet`).
"""


def atlas_clips(store: Database, folders: HomeFolders, clips: pa.Table) -> pa.Table:
    """The clips that have a place in the latent space, with neighbours and key frames.

    Args:
        store: the database.
        folders: of latent spaces and contact sheets.
        clips: as `exported_clips` returns.

    Returns:
        Those columns but the file's time, `neighbors` (zero-based rows of this table with latent
        distances) and `key_frame` (JPEG, null where there is no contact sheet); lists of insights
        are joined.
    """
    # A browser's numbers end at 2^53: a file's time in nanoseconds is beyond.
    placed = clips.filter(pc.is_valid(clips["x"])).drop_columns(["modified_ns"])
    neighbours = _neighbours(store, folders, placed["clip_id"].to_pylist())
    keys = store.read("SELECT clip_id, content_key FROM clip_manifest")
    key_of = dict(zip(*(keys[name].to_pylist() for name in keys.column_names), strict=True))
    frames = [
        _key_frame(folders.contact_sheets, key_of[clip], path)
        for clip, path in zip(*(placed[c].to_pylist() for c in ("clip_id", "path")), strict=True)
    ]
    joined = pa.array([", ".join(ids) for ids in placed["insights"].to_pylist()], pa.string())
    plain = placed.set_column(placed.column_names.index("insights"), "insights", joined)
    return plain.append_column("neighbors", neighbours).append_column(
        "key_frame", pa.array(frames, _IMAGE)
    )


def _neighbours(store: Database, folders: HomeFolders, clip_ids: list[str]) -> pa.Array:
    """The nearest others of each clip in the latent space, as rows of the list given."""
    rows, distances = nearest_clips(store, folders, k=NEIGHBOURS).among(clip_ids)
    told = [
        {"ids": near[near >= 0].tolist(), "distances": apart[near >= 0].tolist()}
        for near, apart in zip(rows, distances, strict=True)
    ]
    return pa.array(told, _NEIGHBOUR)


def _key_frame(sheets: Path, content_key: str, path: str) -> dict[str, object] | None:
    """The frame in the middle of a clip's contact sheet, as a JPEG of 128 px."""
    sheet = cv2.imread(str(sheet_path(sheets, content_key)))
    if sheet is None:
        return None
    row, column = divmod(sheet.shape[0] // TILE * COLUMNS // 2, COLUMNS)
    tile = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
    _, jpeg = cv2.imencode(".jpg", tile)
    return {"bytes": jpeg.tobytes(), "path": path}
