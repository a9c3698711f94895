"""The optical flow between consecutive frames, and the part of it that the camera causes.

Estimating both belongs here; measures of a clip (`motion`, `camera_motion`, `scene_cuts`) do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames, halved

# DIS computes the flow at a quarter of the resolution and interpolates, so that every second pixel
# has all of its information.
STRIDE = 2
CAMERA_STRIDE = 4
CAMERA_ERROR = 0.5
UNEXPLAINED_GREY_LEVELS = 8
REACH = 11
FEWEST_CAMERA_POINTS = 12


@dataclass(frozen=True)
class Flow:
    """Optical flow of the P = T - 1 consecutive pairs of frames, in shares of the diagonal.

    Attributes:
        vectors: (P, h, w, 2) float32, right and down positive, on every second pixel.
        camera: (P, h, w, 2) float32, the flow that the camera's motion alone would cause.
        camera_path: (P, 2) float64, translation of the frame centre by the camera.
        camera_scale: (P,) float64, factor by which the camera enlarges the scene.
        unexplained: (P, h, w) bool, near a pixel whose grey level the camera's motion alone does
            not explain.
    """

    vectors: NDArray[np.float32]
    camera: NDArray[np.float32]
    camera_path: NDArray[np.float64]
    camera_scale: NDArray[np.float64]
    unexplained: NDArray[np.bool_]

    def __post_init__(self) -> None:
        pairs = len(self.vectors)
        same = self.vectors.shape == self.camera.shape and self.camera_scale.shape == (pairs,)
        if not same or self.camera_path.shape != (pairs, 2):
            raise ValueError(
                f"flow {self.vectors.shape}, camera {self.camera.shape}, its path "
                f"{self.camera_path.shape} and scale {self.camera_scale.shape} do not describe "
                "the same frame pairs"
            )


def estimate_flow(frames: MeasuredFrames) -> Flow:
    """Estimate the flow by dense inverse search, and the camera's part of it.

    Source: Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.

    Args:
        frames: at least two frames.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST)
    # The refinement takes as long as everything else and smooths small subjects away.
    search.setVariationalRefinementIterations(0)
    half, unit = halved(frames.grey), np.float32(STRIDE / frames.diagonal)
    vectors = _every_second(search, frames.grey)
    fits = [camera_fit(flow, image) for flow, image in zip(vectors, half[:-1], strict=True)]
    unexplained = [_unexplained(half[i], half[i + 1], fit) for i, fit in enumerate(fits)]
    camera = _camera_flow(np.stack(fits), vectors.shape[1:3], unit)
    vectors *= unit
    return Flow(
        vectors=vectors,
        camera=camera,
        camera_path=camera[:, camera.shape[1] // 2, camera.shape[2] // 2].astype(np.float64),
        camera_scale=np.array([np.hypot(*fit[:, 0]) for fit in fits]),
        unexplained=np.stack(unexplained),
    )


def _every_second(search: cv2.DISOpticalFlow, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the flow (P, h, w, 2) of each pair on every second pixel, in units of two pixels."""
    height, width = ((length + 1) // STRIDE for length in grey.shape[1:])
    vectors = np.empty((len(grey) - 1, height, width, 2), np.float32)
    unknown: Any = None
    for pair, into in enumerate(vectors):
        into[:] = search.calc(grey[pair], grey[pair + 1], unknown)[::STRIDE, ::STRIDE]
    vectors *= np.float32(1 / STRIDE)
    return vectors


def camera_fit(flow: NDArray[np.float32], grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Fit the similarity transform that the largest consistent part of the flow follows.

    The fit uses RANSAC on a grid of points with texture in two directions, because the flow is
    unreliable elsewhere. It is the identity if there are too few such points.

    Args:
        flow: (h, w, 2) float32, in pixels of `grey`.
        grey: (h, w) uint8, the first frame of the pair.

    Returns:
        (2, 3) float64.
    """
    start = CAMERA_STRIDE // 2
    corners = cv2.cornerMinEigenVal(grey, 5)[start::CAMERA_STRIDE, start::CAMERA_STRIDE]
    rows, columns = np.nonzero(corners > 0.01 * corners.max())
    if len(rows) < FEWEST_CAMERA_POINTS:
        return np.eye(2, 3)
    columns, rows = columns * CAMERA_STRIDE + start, rows * CAMERA_STRIDE + start
    before = np.stack([columns, rows], axis=1).astype(np.float32)
    after = before + flow[rows, columns]
    fit, _ = cv2.estimateAffinePartial2D(
        before, after, method=cv2.RANSAC, ransacReprojThreshold=CAMERA_ERROR
    )
    return np.eye(2, 3) if fit is None or not np.isfinite(fit).all() else np.asarray(fit)


def _unexplained(
    before: NDArray[np.uint8], after: NDArray[np.uint8], fit: NDArray[np.float64]
) -> NDArray[np.bool_]:
    # Drawn on a copy of `after`, so that pixels uncovered by the camera equal themselves.
    moved = cv2.warpAffine(
        before, fit, before.shape[::-1], dst=after.copy(), borderMode=cv2.BORDER_TRANSPARENT
    )
    changed = cv2.blur(cv2.absdiff(moved, after), (3, 3)) > UNEXPLAINED_GREY_LEVELS
    reach = np.ones((REACH, REACH), np.uint8)
    return cv2.dilate(changed.view(np.uint8), reach).astype(np.bool_)


def _camera_flow(
    fits: NDArray[np.float64], size: tuple[int, ...], unit: np.float32
) -> NDArray[np.float32]:
    """Return the flow (P, h, w, 2) of P similarity transforms (P, 2, 3), times `unit`."""
    change = (fits - np.eye(2, 3)).astype(np.float32)[:, None, None] * unit
    rows = np.arange(size[0], dtype=np.float32)[:, None, None]
    columns = np.arange(size[1], dtype=np.float32)[:, None]
    return np.asarray(columns * change[..., 0] + (rows * change[..., 1] + change[..., 2]))


def lengths_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the length of each vector of an array (..., 2)."""
    # Not cv2.magnitude, whose last bit depends on memory alignment: rows must be reproducible.
    return np.sqrt(np.square(vectors[..., 0]) + np.square(vectors[..., 1]))
