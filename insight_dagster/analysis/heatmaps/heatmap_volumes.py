"""Reading of stored attribution volumes, and their position in the whole picture.

Writing them (`heatmap_bundles`) and colouring them (`heatmap_picture`) do not belong here.
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
# What reading a damaged archive raises, depending on where the damage is: in its directory, in the
# header of a member, in compressed data, in the array.
_DAMAGED = (BadZipFile, NotImplementedError, zlib.error, EOFError, KeyError, ValueError)
_LONGEST = 16  # longest side per short side, so that a picture of one line does not become huge


@dataclass(frozen=True)
class HeatmapVolume:
    """The attribution of a clip's frames.

    Attributes:
        share: (T, S, S) float32 attribution as a share of the clip's largest, 0-1.
        timestamps: (T,) seconds since the video's first frame; empty if none are stored.
    """

    share: NDArray[np.float32]
    timestamps: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check that there are frames, and a timestamp for each or none at all."""
        if self.share.ndim != 3 or not self.share.size:
            raise ValueError(f"a heatmap volume is (T, S, S), got {self.share.shape}")
        if self.timestamps.shape not in ((0,), (len(self.share),)):
            raise ValueError(
                f"{len(self.share)} frames need as many timestamps or none, "
                f"got {self.timestamps.shape}"
            )


def read_volume(home: Path, path: str) -> HeatmapVolume | None:
    """Read the attribution volume of a bundle; None if it is missing or damaged.

    Args:
        home: the home folder, resolved.
        path: path in the table; one that leaves the folder of heatmaps is not read.
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
    """Place the attribution of the model's centre crop in the whole upright picture.

    Args:
        square: (S, S) attribution of one frame, 0-1.
        spec: clip geometry of the model.
        height: height of the picture in pixels.
        width: width of the picture in pixels.
        short: short side of the result in pixels.

    Returns:
        (h, w) uint8 with the picture's aspect ratio: 255 for 1, and 0 outside the crop.
    """
    scale = short / min(height, width)
    shape = [min(max(short, round(each * scale)), short * _LONGEST) for each in (height, width)]
    side = max(1, round(short * spec.crop / spec.side))
    top, left = ((length - side) // 2 for length in shape)
    whole = np.zeros(shape, np.uint8)
    share = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    whole[top : top + side, left : left + side] = np.rint(255 * np.clip(share, 0, 1))
    return whole
