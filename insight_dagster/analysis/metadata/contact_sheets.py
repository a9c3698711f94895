"""Contact sheets: the frames that the model receives of a clip, side by side in one small image.

The image belongs here; its place on disk (`files.home_folders`), decoding and showing it (`report`)
do not.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.files.atomic import write_atomically
from insight_dagster.files.home_folders import sheet_path

COLUMNS, TILE = 4, 128
_QUALITY = 80


def contact_sheet(frames: NDArray[np.uint8], spec: ClipSpec) -> NDArray[np.uint8]:
    """Draw the frames within the model's centre crop, four in a row, in reading order.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        spec: clip geometry of the model.

    Returns:
        (128 * number of rows, 512, 3) uint8 RGB; tiles without a frame are black.
    """
    side = max(1, round(min(frames.shape[1:3]) * spec.crop / spec.side))
    top, left = ((length - side) // 2 for length in frames.shape[1:3])
    rows = math.ceil(len(frames) / COLUMNS)
    sheet = np.zeros((rows * TILE, COLUMNS * TILE, 3), np.uint8)
    interpolation = cv2.INTER_AREA if side > TILE else cv2.INTER_LINEAR
    for number, frame in enumerate(frames):
        square = cv2.resize(
            frame[top : top + side, left : left + side], (TILE, TILE), interpolation=interpolation
        )
        row, column = divmod(number, COLUMNS)
        sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = square
    return sheet


def write_sheet(folder: Path, content_key: str, frames: NDArray[np.uint8], spec: ClipSpec) -> None:
    """Write the contact sheet of a clip's frames as a JPEG file.

    Args:
        folder: folder of sheets.
        content_key: content key of the clip.
        frames: (T, H, W, 3) uint8 RGB.
        spec: clip geometry of the model.

    Raises:
        OSError: the folder cannot be written.
    """
    image = cv2.cvtColor(contact_sheet(frames, spec), cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    write_atomically(
        sheet_path(folder, content_key), lambda draft: draft.write_bytes(jpeg.tobytes())
    )
