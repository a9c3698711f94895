"""The folder of a FiftyOne dataset: samples, frames, metadata, layouts and a README.

What is in these files is in `samples`, `heatmaps` and `insights`; how a value is written is in
`documents`, where videos are in `videos`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.decoding.held_file import has_key
from insight_dagster.analysis.model.x3d import variant_named
from insight_dagster.database import Database
from insight_dagster.export.clip_rows import exported_clips, with_content_keys
from insight_dagster.export.fiftyone.documents import (
    FRAME_FIELDS,
    VERSION,
    Document,
    hex_of,
    label_field,
    visualization,
    visualization_points,
    write_documents,
)
from insight_dagster.export.fiftyone.heatmaps import (
    ClipHeatmap,
    clip_heatmaps,
    frame_documents,
    write_picture,
)
from insight_dagster.export.fiftyone.insights import TaggedInsight, read_me, tagged_insights
from insight_dagster.export.fiftyone.samples import (
    ClipParts,
    extra_fields,
    extra_names,
    sample,
    sample_fields,
)
from insight_dagster.export.fiftyone.videos import Videos
from insight_dagster.export.written_file import WrittenFile
from insight_dagster.pipeline.latent_space.space_rows import newest_space
from insight_dagster.settings import Settings
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.columns import Table
from insight_dagster.tables.identity import is_random
from insight_dagster.tables.status import ClipStatus

_LAYOUTS = {"tsne": ("x", "y"), "pca": ("pca_x", "pca_y")}
_NO_SPACE: dict[str, Any] = {"model_fingerprint": "", "space_id": "", "created_at": None}
_IDENTITY = ("content_key", "window_start", "window_end")


def write_fiftyone(
    store: Database, settings: Settings, folder: Path, *, copy_media: bool
) -> list[WrittenFile]:
    """Write the dataset of all clips that are not quarantined and whose video exists.

    Args:
        store: the database.
        settings: of the home.
        folder: to write into.
        copy_media: whether the videos are copied into it.

    Raises:
        OSError: it cannot be written.
    """
    videos = Videos(settings.library_folder, folder if copy_media else None)
    clips = exported_clips(store)
    usable = with_content_keys(store, clips.filter(pc.equal(clips["status"], ClipStatus.OK)))
    shown = usable.filter(pa.array(_exist(usable, videos), pa.bool_()))
    space = newest_space(store) or _NO_SPACE
    insights = tagged_insights(store.rows(tables.INSIGHTS).to_pylist())
    heatmaps = _heatmaps(store, settings, space["model_fingerprint"], shown)
    parts = ClipParts(
        tags={each.row["insight_id"]: each.tag for each in insights},
        vectors=_by_clip(store, tables.EMBEDDINGS, "embedding", space["model_fingerprint"]),
        logits=_by_clip(store, tables.PREDICTIONS, "logits", space["model_fingerprint"]),
        heatmaps={one: write_picture(one, each, folder) for one, each in heatmaps.items()},
        extra=extra_fields(extra_names(shown)),
    )
    count = write_documents(folder / "samples.json", "samples", _samples(shown, videos, parts))
    frames = write_documents(folder / "frames.json", "frames", frame_documents(heatmaps))
    _write_dataset(shown, folder, space, insights)
    left_out = (
        f"{clips.num_rows - usable.num_rows} quarantined, "
        f"{usable.num_rows - count} whose video is missing or has changed"
    )
    return [
        WrittenFile("samples.json", f"{count} clips; left out: {left_out}"),
        WrittenFile("frames.json", f"{frames} frames of {len(heatmaps)} clips with a heatmap"),
        WrittenFile("metadata.json", f"{len(insights)} insights as tags and saved views"),
    ]


def _exist(clips: pa.Table, videos: Videos) -> list[bool]:
    """Return for each clip whether its video exists; each file is looked at once."""
    rows = clips.select(["path", *_IDENTITY]).to_pylist()
    by_path: dict[str, list[Callable[[str], bool]]] = {}
    for row in rows:
        is_listed = has_key(*(row[name] for name in _IDENTITY))
        by_path.setdefault(row["path"], []).append(is_listed)
    held = {path: iter(videos.holds(path, listed)) for path, listed in by_path.items()}
    return [next(held[row["path"]]) for row in rows]


def _heatmaps(
    store: Database, settings: Settings, model: str, clips: pa.Table
) -> dict[str, ClipHeatmap]:
    shown = set(clips["clip_id"].to_pylist())
    found = clip_heatmaps(store, settings.home, model, variant_named(settings.variant).spec)
    return {clip_id: each for clip_id, each in found.items() if clip_id in shown}


def _by_clip(store: Database, table: Table, column: str, model: str) -> dict[str, NDArray[Any]]:
    rows = store.of_model(table, model)
    return dict(zip(rows["clip_id"].to_pylist(), matrix_of(rows, column), strict=True))


def _samples(clips: pa.Table, videos: Videos, parts: ClipParts) -> Iterator[Document]:
    for batch in clips.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            yield sample(row, videos.place(row["path"]), parts)


def _write_layouts(clips: pa.Table, folder: Path, time: datetime | None) -> Document:
    """Write the places of clips in each layout and return the runs that name them."""
    placed = clips.filter(pc.is_valid(clips["x"]))
    if not placed.num_rows:
        return {}
    ids = [hex_of(each) for each in placed["clip_id"].to_pylist()]
    (folder / "brain").mkdir()
    for key, axes in _LAYOUTS.items():
        points = np.stack([placed[axis].to_numpy() for axis in axes], axis=1)
        _write_json(folder / "brain" / f"{key}.json", visualization_points(ids, points))
    return {key: visualization(key, time) for key in _LAYOUTS}


def _write_dataset(
    clips: pa.Table, folder: Path, space: dict[str, Any], insights: list[TaggedInsight]
) -> None:
    """Write what the samples share: fields, insights, views and layouts, and the README."""
    model, time = space["model_fingerprint"], space["created_at"]
    heatmap = label_field("heatmap", "Heatmap", "where the model looked for its prediction")
    document = {
        "name": "insight",
        "version": VERSION,
        "media_type": "video",
        "tags": [],
        "info": {
            "model_fingerprint": model,
            "random_weights": is_random(model),
            "space_id": space["space_id"],
            "insights": [each.summary for each in insights],
        },
        "sample_fields": sample_fields(extra_names(clips)),
        "frame_fields": [*FRAME_FIELDS, heatmap],
        "saved_views": [each.saved_view(time) for each in insights],
        "brain_methods": _write_layouts(clips, folder, time),
    }
    _write_json(folder / "metadata.json", document)
    text = read_me(insights, random_weights=is_random(model))
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _write_json(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
