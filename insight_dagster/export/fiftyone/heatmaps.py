"""Heatmaps for FiftyOne: the mean of a clip, and a map for every frame.

FiftyOne draws a sample's heatmap in its grid and a frame's heatmap while the video plays, so both
are written. It stretches each over the whole picture, so they are laid where the model's crop is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.heatmaps.heatmap_volumes import (
    HeatmapVolume,
    on_whole_picture,
    read_volume,
)
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.database import Database
from insight_dagster.export.fiftyone.documents import Document, binary, hex_of, identity, label

# The importer joins a label's relative path to the dataset's folder only below this one.
FOLDER = "fields/heatmap"
_PICTURE, _FRAME = 128, 32
_BUNDLES = """
    SELECT b.clip_id, b.volume_path, m.width, m.height, m.rotation, m.fps, m.frames
    FROM heatmap_bundles b
    JOIN clip_manifest m ON m.clip_id = b.clip_id AND m.content_key = b.content_key
    JOIN predictions p ON p.clip_id = b.clip_id AND p.model_fingerprint = b.model_fingerprint
    WHERE b.model_fingerprint = ? AND b.target = p.predicted
    ORDER BY b.clip_id, b.method"""


@dataclass(frozen=True)
class ClipHeatmap:
    """Where the model looked in a clip, on the whole picture.

    Attributes:
        mean: over time, (H, W) uint8, 255 = strongest.
        maps: one for each frame that the model saw, (h, w) uint8.
        frames: index of the map of each frame of the video, which are numbered from 1.
    """

    mean: NDArray[np.uint8]
    maps: tuple[NDArray[np.uint8], ...]
    frames: dict[int, int]


def clip_heatmaps(
    store: Database, home: Path, model: str, spec: ClipSpec
) -> dict[str, ClipHeatmap]:
    """Return heatmaps of the predicted label by clip; unreadable bundles are left out."""
    found: dict[str, ClipHeatmap] = {}
    for row in store.read(_BUNDLES, [model]).to_pylist():
        volume = read_volume(home.resolve(), row["volume_path"])
        if volume is not None and row["width"] and row["height"]:
            found[row["clip_id"]] = _on_picture(volume, row, spec)
    return found


def upright(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return (width, height) of a clip's picture as it is shown."""
    turned = (row["rotation"] or 0) % 180 == 90
    return (row["height"], row["width"]) if turned else (row["width"], row["height"])


def _on_picture(volume: HeatmapVolume, row: dict[str, Any], spec: ClipSpec) -> ClipHeatmap:
    width, height = upright(row)
    mean = volume.share.mean(axis=0)
    squares = [mean / max(float(mean.max()), 1e-6), *volume.share]
    shorts = [_PICTURE] + [_FRAME] * len(volume.share)
    pictures = [
        on_whole_picture(square, spec, height=height or 1, width=width or 1, short=short)
        for square, short in zip(squares, shorts, strict=True)
    ]
    return ClipHeatmap(pictures[0], tuple(pictures[1:]), _nearest_seen(volume.timestamps, row))


def _nearest_seen(timestamps: NDArray[np.float64], row: dict[str, Any]) -> dict[int, int]:
    """Return the nearest seen frame of every frame between the first and the last seen one."""
    if not timestamps.size or not row["fps"]:
        return {}
    seen = np.floor(timestamps * row["fps"] + 0.5).astype(int) + 1
    last = min(int(seen.max()), row["frames"] or int(seen.max()))
    return {
        number: int(np.abs(seen - number).argmin())
        for number in range(max(1, int(seen.min())), last + 1)
    }


def write_picture(clip_id: str, heatmap: ClipHeatmap, folder: Path) -> Document:
    """Write the mean as a grey PNG into the dataset's folder and return its label."""
    name = f"{FOLDER}/{hex_of(clip_id)}.png"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    _, png = cv2.imencode(".png", heatmap.mean)
    (folder / name).write_bytes(png.tobytes())
    return label("Heatmap", clip_id, "heatmap", map_path=name, range=[0.0, 255.0])


def frame_documents(heatmaps: dict[str, ClipHeatmap]) -> Iterator[Document]:
    """Yield one document for each frame that has a heatmap."""
    for clip_id, heatmap in sorted(heatmaps.items()):
        values = [binary(each) for each in heatmap.maps]
        for number, which in heatmap.frames.items():
            names = (clip_id, "frame", number)
            yield {
                "_id": identity(*names),
                "_sample_id": identity(clip_id),
                "frame_number": number,
                "heatmap": label("Heatmap", *names, "heatmap", map=values[which]),
            }
