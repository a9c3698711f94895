"""The orientation in which a video's frames are shown: quarter turns, and mirroring.

Reading display matrices and applying them to frames belongs here; decoding frames does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from insight_dagster.errors import DecodeError

_MATRIX = struct.Struct("=9i")
# ffmpeg rounds the angle of a matrix to degrees: half of one is the tangent that still counts as 0.
_TOLERANCE = 0.0087


@dataclass(frozen=True)
class Orientation:
    """How stored frames become upright: they are turned first, then mirrored.

    Attributes:
        rotation: clockwise rotation: 0, 90, 180 or 270 degrees.
        mirrored: whether left and right are swapped after that.
    """

    rotation: int = 0
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Check the rotation."""
        if self.rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation must be 0, 90, 180 or 270, got {self.rotation}")

    def upright(self, frame: np.ndarray) -> np.ndarray:
        """Return the frame as it is shown.

        Args:
            frame: (H, W, 3) as stored.
        """
        turned = np.rot90(frame, -self.rotation // 90) if self.rotation else frame
        return turned[:, ::-1] if self.mirrored else turned


def oriented(frames: Iterable[VideoFrame]) -> Iterator[tuple[VideoFrame, Orientation]]:
    """Yield frames with the orientation that their display matrix asks for.

    The matrix of a container (MP4, MOV, Matroska) applies to every frame; that of a display
    orientation message in an H.264 or HEVC stream until the next key frame.

    Args:
        frames: in the order in which they are shown.

    Raises:
        DecodeError: a matrix is none of the eight orientations.
    """
    orientation = Orientation()
    for frame in frames:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            orientation = parse_matrix(bytes(matrix))
        elif frame.key_frame:
            orientation = Orientation()
        yield frame, orientation


def parse_matrix(matrix: bytes) -> Orientation:
    """Return the orientation of a display matrix.

    A point (x, y) is shown at (ax + cy, bx + dy); the matrix is stored as a, b, u, c, d, v and
    three more. Its scale is ignored, and a matrix of zeros means nothing, as in ffmpeg.

    Args:
        matrix: nine 32-bit integers, as libav stores them.

    Raises:
        DecodeError: the matrix shears, flattens, or turns by other than quarter turns.
    """
    if len(matrix) != _MATRIX.size:
        raise DecodeError(f"damaged: its display matrix has {len(matrix)} bytes, not 36")
    a, b, _, c, d, _, *_ = _MATRIX.unpack(matrix)
    if not any((a, b, c, d)):
        return Orientation()
    if _negligible((b, c), (a, d)):
        # Upside down is a half turn and a mirror.
        return Orientation(0 if d > 0 else 180, mirrored=(a < 0) != (d < 0))
    if _negligible((a, d), (b, c)):
        # Clockwise: the stored left edge becomes the top, and the stored top becomes the right.
        return Orientation(90 if b > 0 else 270, mirrored=(b < 0) == (c < 0))
    raise DecodeError(
        f"its display matrix ({a}, {b}, {c}, {d}) is neither a quarter turn nor a mirror, and "
        "players disagree about it; encode the frames as they should be shown"
    )


def _negligible(few: tuple[int, int], many: tuple[int, int]) -> bool:
    smallest = min(map(abs, many))
    return smallest > 0 and max(map(abs, few)) <= _TOLERANCE * smallest
