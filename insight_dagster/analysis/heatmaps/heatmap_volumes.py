"""Stored heatmaps read back: a bundle's attribution, and where on the whole picture it lies.

Belongs here: reading what `heatmap_bundles.py` wrote. Does not: making it, or giving it colours.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.files.home_folders import HomeFolders

_VOLUMES = re.compile(r"heatmaps/[\w.-]+\.npz")
# What reading an archive raises that is damaged, by where the damage is: in its directory, in a
# member's header, in what is packed, in the array.
_DAMAGED = (BadZipFile, NotImplementedError, zlib.error, EOFError, KeyError, ValueError)
_LONGEST = 16  # times the short side: a picture of one line must not become a huge one


@dataclass(frozen=True)
class HeatmapVolume:
    """Where the model looked in a clip.

    Attributes:
        share: (T, S, S) float32, 1 = strongest in the clip.
        timestamps: (T,) seconds after the video's first picture; empty where none were stored.
    """

    share: NDArray[np.float32]
    timestamps: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a volume that is no stack of pictures, or has other times than pictures."""
        if self.share.ndim != 3 or not self.share.size:
            raise ValueError(f"a heatmap volume is (T, S, S), got {self.share.shape}")
        if self.timestamps.shape not in ((0,), (len(self.share),)):
            raise ValueError(f"{len(self.share)} pictures, times {self.timestamps.shape}")


def read_volume(home: Path, path: str) -> HeatmapVolume | None:
    """A bundle's volume; None where there is none, or none that can be read.

    Args:
        home: the home folder, resolved.
        path: as the table has it. That is data: it must not lead out of the heatmaps' folder.
    """
    file = (home / str(path)).resolve()
    inside = file.is_relative_to(HomeFolders(home).heatmaps)
    if not (_VOLUMES.fullmatch(str(path)) and inside and file.is_file()):
        return None
    try:
        with np.load(file, allow_pickle=False) as stored:
            share = np.clip(np.nan_to_num(stored["volume"].astype(np.float32)), 0, 1)
            times = stored.get("timestamps", ())
            return HeatmapVolume(share, np.asarray(times, np.float64))
    except (OSError, *_DAMAGED):
        return None


def on_whole_picture(
    square: NDArray[np.float32], spec: ClipSpec, *, height: int, width: int, short: int
) -> NDArray[np.uint8]:
    """A heatmap of the model's centre crop, laid where it belongs on the upright picture.

    Args:
        square: (S, S) in 0-1.
        spec: of the model, which looks at `crop` of the `side` pixels of the short side.
        height: of the picture.
        width: of the picture.
        short: pixels of the result's short side.

    Returns:
        uint8 of the picture's shape: 255 = 1; 0 where the model does not look.
    """
    scale = short / min(height, width)
    shape = [min(max(short, round(each * scale)), short * _LONGEST) for each in (height, width)]
    side = max(1, round(short * spec.crop / spec.side))
    top, left = ((length - side) // 2 for length in shape)
    whole = np.zeros(shape, np.uint8)
    share = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    whole[top : top + side, left : left + side] = np.rint(255 * np.clip(share, 0, 1))
    return whole
