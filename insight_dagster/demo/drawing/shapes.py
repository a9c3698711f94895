"""Moving vector shapes in world units, and their rasterisation through a camera.

What the shapes depict (`body`, `scenes`) does not belong here. The short side of a frame is 256
world units at zoom 1; y points down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing.camera import CameraPath

Colour = tuple[int, ...]
"""Red, green, blue in 0..255."""

_SHIFT = 4  # sub-pixel bits of the coordinates handed to OpenCV
_CAP = 6  # corners of each rounded end of a capsule


@dataclass(frozen=True)
class Track:
    """One shape over time.

    Attributes:
        points: (T, P, 2) outline or line in world units.
        colour: RGB.
        width: width of the line in world units; None for a filled shape.
        visible: (T,) bool, in which frames it is drawn; None for all.
        convex: whether the shape can be filled as a convex polygon, which is faster.
    """

    points: NDArray[np.floating]
    colour: Colour
    width: float | None = None
    visible: NDArray[np.bool_] | None = None
    convex: bool = True

    def __post_init__(self) -> None:
        if self.points.ndim != 3 or self.points.shape[2] != 2:
            raise ValueError(f"a track needs points (T, P, 2), got {self.points.shape}")


@dataclass(frozen=True)
class Shot:
    """A scene to draw.

    Attributes:
        backdrop: (H, W, 3) uint8 RGB, one pixel per world unit.
        tracks: shapes from back to front.
        focus: (T, 2) point that the camera looks at, in world units.
        zoom: (T,) magnification.
        same_camera: whether all such shots are filmed by one camera: they share its colours and
            noise and are never mirrored.
    """

    backdrop: NDArray[np.uint8]
    tracks: tuple[Track, ...]
    focus: NDArray[np.floating]
    zoom: NDArray[np.floating]
    same_camera: bool = False

    def __post_init__(self) -> None:
        if self.backdrop.dtype != np.uint8 or self.backdrop.ndim != 3:
            raise ValueError(f"a backdrop is uint8 (H, W, 3), got {self.backdrop.shape}")
        if len(self.focus) != len(self.zoom):
            raise ValueError(f"focus has {len(self.focus)} frames, zoom {len(self.zoom)}")


def still(points: Sequence[Sequence[float]], times: int) -> NDArray[np.floating]:
    """Return points (P, 2) that do not move, as (T, P, 2)."""
    return np.broadcast_to(np.asarray(points, float), (times, len(points), 2))


def capsule(
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    start_radius: NDArray[np.floating] | float,
    end_radius: NDArray[np.floating] | float,
) -> NDArray[np.floating]:
    """Return the outline (T, P, 2) of a limb with rounded ends between two points (T, 2)."""
    axis = end - start
    angle = np.arctan2(axis[:, 1], axis[:, 0])[:, None]
    half_turn = np.linspace(np.pi / 2, 3 * np.pi / 2, _CAP)[None]
    first = _arc(start, angle + half_turn, start_radius)
    second = _arc(end, angle + half_turn + np.pi, end_radius)
    return np.concatenate([first, second], axis=1)


def ellipse(
    centre: NDArray[np.floating],
    radii: tuple[float, float] | NDArray[np.floating],
    angle: NDArray[np.floating] | float = 0.0,
    *,
    span: tuple[float, float] = (0.0, 2 * np.pi),
    corners: int = 18,
) -> NDArray[np.floating]:
    """Return the outline (T, P, 2) of an ellipse around `centre` (T, 2).

    Args:
        centre: (T, 2) in world units.
        radii: two radii, or (T, 2).
        angle: rotation in radians.
        span: first and last angle of the part to draw.
        corners: number of points.
    """
    turn = np.linspace(*span, corners, endpoint=span[1] - span[0] < 6.2)
    size = np.broadcast_to(np.asarray(radii, float), (len(centre), 2))
    across = size[:, :1] * np.cos(turn)
    along = size[:, 1:] * np.sin(turn)
    tilt = np.broadcast_to(np.asarray(angle, float), (len(centre),))[:, None]
    x = across * np.cos(tilt) - along * np.sin(tilt)
    y = across * np.sin(tilt) + along * np.cos(tilt)
    return centre[:, None] + np.stack([x, y], axis=-1)


def shaded(colour: Colour, factor: float) -> Colour:
    """Return a lighter (factor > 1) or darker colour."""
    red, green, blue = (int(np.clip(channel * factor, 0, 255)) for channel in colour)
    return red, green, blue


class Rasteriser:
    """Draws the tracks of one shot frame by frame through one camera path."""

    def __init__(self, tracks: Sequence[Track], camera: CameraPath) -> None:
        self._tracks = tracks
        self._camera = camera
        self._pixels = [_to_fixed(camera.project(track.points)) for track in tracks]

    def draw(self, frame: NDArray[np.uint8], index: int) -> None:
        """Draw frame number `index` onto `frame`, (H, W, 3) uint8, in place."""
        scale = float(self._camera.scale[index])
        for track, points in zip(self._tracks, self._pixels, strict=True):
            if track.visible is None or track.visible[index]:
                _paint(frame, track, points[index], scale)


def _paint(frame: NDArray[np.uint8], track: Track, points: NDArray[np.int32], scale: float) -> None:
    if track.width is not None:
        thickness = max(1, round(track.width * scale))
        cv2.polylines(frame, [points], False, track.colour, thickness, cv2.LINE_AA, _SHIFT)
    elif track.convex:
        cv2.fillConvexPoly(frame, points, track.colour, cv2.LINE_AA, _SHIFT)
    else:
        cv2.fillPoly(frame, [points], track.colour, cv2.LINE_AA, _SHIFT)


def _to_fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    # Clipped, because 16.4 fixed point must not overflow; the exact place outside the frame does
    # not matter.
    return np.round(np.clip(points, -4000, 4000) * (1 << _SHIFT)).astype(np.int32)


def _arc(
    centre: NDArray[np.floating],
    angles: NDArray[np.floating],
    radius: NDArray[np.floating] | float,
) -> NDArray[np.floating]:
    size = np.broadcast_to(np.asarray(radius, float), (len(centre),))[:, None]
    offset = np.stack([size * np.cos(angles), size * np.sin(angles)], axis=-1)
    return centre[:, None] + offset
