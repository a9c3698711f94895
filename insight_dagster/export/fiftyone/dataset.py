"""`insight export fiftyone`: the clips as a video dataset that FiftyOne opens.

The folder belongs here: its files, and which video a sample names. What they say is in
`fiftyone_samples.py`, `fiftyone_heatmaps.py` and `fiftyone_insights.py`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.console import Console

from insight_dagster import tables
from insight_dagster.analysis.model.video_classifier import is_random
from insight_dagster.analysis.model.x3d import VARIANTS
from insight_dagster.database import Database
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
from insight_dagster.pipeline.latent_space.space_rows import newest_space
from insight_dagster.settings import Settings
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.columns import Table
from insight_dagster.tables.status import ClipStatus

_LAYOUTS = {"tsne": ("x", "y"), "pca": ("pca_x", "pca_y")}
_NO_SPACE: dict[str, Any] = {"model_fingerprint": "", "space_id": "", "created_at": None}
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Videos:
    """Where samples find their videos.

    Attributes:
        library: the clip library.
        folder: the dataset's folder, to copy them into; None: they stay where they are.
    """

    library: Path
    folder: Path | None

    def holds(self, path: str) -> bool:
        """Whether there is such a file in the library, and not behind a link that leads out."""
        file = (self.library / path).resolve()
        return file.is_relative_to(self.library.resolve()) and file.is_file()

    def place(self, path: str) -> str:
        """The sample's `filepath`; a copy is made the first time that a file is asked for.

        Raises:
            OSError: it cannot be copied.
        """
        source = self.library / path
        if self.folder is None:
            return str(self.library.resolve() / path)
        # A name in the library is not ours; of the ending players need to know.
        ending = source.suffix.lower()
        name = f"data/{hex_of(path)}{ending if _ENDING.fullmatch(ending) else ''}"
        target = self.folder / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
        return name


def write_fiftyone(
    store: Database,
    settings: Settings,
    clips: pa.Table,
    folder: Path,
    *,
    copy_media: bool,
    console: Console,
) -> None:
    """Write the dataset of all clips that are not quarantined and whose video is there.

    Args:
        store: the database.
        settings: of the home.
        clips: as `exported_clips` returns.
        folder: to write into.
        copy_media: whether the videos are copied into it.
        console: where counts are printed.

    Raises:
        OSError: it cannot be written.
    """
    videos = Videos(settings.library_folder, folder if copy_media else None)
    usable = _with_contents(store, clips.filter(pc.equal(clips["status"], ClipStatus.OK)))
    there = [videos.holds(each) for each in usable["path"].to_pylist()]
    shown = usable.filter(pa.array(there, pa.bool_()))
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
    console.print(
        f"samples.json: {count} clips; left out: {clips.num_rows - usable.num_rows} quarantined, "
        f"{usable.num_rows - count} whose video is missing\n"
        f"frames.json: {frames} frames of {len(heatmaps)} clips with a heatmap\n"
        f"metadata.json: {len(insights)} insights as tags and saved views",
        markup=False,
        highlight=False,
    )


def _heatmaps(
    store: Database, settings: Settings, model: str, clips: pa.Table
) -> dict[str, ClipHeatmap]:
    shown = set(clips["clip_id"].to_pylist())
    found = clip_heatmaps(store, settings.home, model, VARIANTS[settings.variant].spec)
    return {clip_id: each for clip_id, each in found.items() if clip_id in shown}


def _with_contents(store: Database, clips: pa.Table) -> pa.Table:
    keys = store.read("SELECT clip_id, content_key FROM clip_manifest")
    key_of = dict(zip(*(keys[name].to_pylist() for name in keys.column_names), strict=True))
    contents = [key_of.get(clip) for clip in clips["clip_id"].to_pylist()]
    return clips.append_column("content_key", pa.array(contents, pa.string()))


def _by_clip(store: Database, table: Table, column: str, model: str) -> dict[str, NDArray[Any]]:
    rows = store.of_model(table, model)
    return dict(zip(rows["clip_id"].to_pylist(), matrix_of(rows, column), strict=True))


def _samples(clips: pa.Table, videos: Videos, parts: ClipParts) -> Iterator[Document]:
    for batch in clips.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            yield sample(row, videos.place(row["path"]), parts)


def _write_layouts(clips: pa.Table, folder: Path, moment: datetime | None) -> Document:
    """Write where clips lie in each layout, for the embeddings panel; the runs that name them."""
    placed = clips.filter(pc.is_valid(clips["x"]))
    if not placed.num_rows:
        return {}
    ids = [hex_of(each) for each in placed["clip_id"].to_pylist()]
    (folder / "brain").mkdir()
    for key, axes in _LAYOUTS.items():
        points = np.stack([placed[axis].to_numpy() for axis in axes], axis=1)
        _write_json(folder / "brain" / f"{key}.json", visualization_points(ids, points))
    return {key: visualization(key, moment) for key in _LAYOUTS}


def _write_dataset(
    clips: pa.Table, folder: Path, space: dict[str, Any], insights: list[TaggedInsight]
) -> None:
    """Write what holds for all samples: their fields, insights, views, layouts, the README."""
    model, moment = space["model_fingerprint"], space["created_at"]
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
        "saved_views": [each.saved_view(moment) for each in insights],
        "brain_methods": _write_layouts(clips, folder, moment),
    }
    _write_json(folder / "metadata.json", document)
    text = read_me(insights, random_weights=is_random(model))
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _write_json(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
