"""The optical flow between consecutive frames, and the part of it that the camera causes.

Belongs here: estimating both. Does not: what they say of the clip (`motion.py`, `camera.py`,
`scenes.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames, halved

# DIS computes the flow on a quarter of the resolution and interpolates, so that every second
# pixel carries all of it.
STRIDE = 2
CAMERA_STRIDE = 4
CAMERA_ERROR = 0.5
UNEXPLAINED_GREY_LEVELS = 8
REACH = 11
FEWEST_CAMERA_POINTS = 12


@dataclass(frozen=True)
class Flow:
    """Optical flow of the P = T - 1 consecutive pairs, lengths in shares of the diagonal.

    Attributes:
        vectors: float32 (P, h, w, 2), right and down positive, on every second pixel.
        camera: float32 (P, h, w, 2), the flow that the camera's motion alone would cause.
        camera_path: float64 (P, 2), the camera's translation of the frame centre.
        camera_scale: float64 (P,), factor by which the camera enlarges the scene.
        unexplained: bool (P, h, w), near a pixel whose grey level the camera's motion alone does
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
    """Flow by dense inverse search (Kroeger et al., ECCV 2016) and its camera part.

    Args:
        frames: two or more.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST)
    # The smoothing pass costs as much as all the rest and blurs small subjects away.
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
    """Flow (P, h, w, 2) of every pair on every second pixel, in units of two pixels."""
    height, width = ((length + 1) // STRIDE for length in grey.shape[1:])
    vectors = np.empty((len(grey) - 1, height, width, 2), np.float32)
    unknown: Any = None
    for pair, into in enumerate(vectors):
        into[:] = search.calc(grey[pair], grey[pair + 1], unknown)[::STRIDE, ::STRIDE]
    vectors *= np.float32(1 / STRIDE)
    return vectors


def camera_fit(flow: NDArray[np.float32], grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Similarity (2 x 3) that the largest consistent part of the flow follows, by RANSAC.

    Fitted on a grid of points with texture in two directions: elsewhere the flow is a guess.
    Identity when there are too few such points to tell.

    Args:
        flow: float32 (h, w, 2), in pixels of `grey`.
        grey: uint8 (h, w), the first frame of the pair.
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
    # Starting from `after`, pixels that the camera uncovers compare with themselves: no change.
    moved = cv2.warpAffine(
        before, fit, before.shape[::-1], dst=after.copy(), borderMode=cv2.BORDER_TRANSPARENT
    )
    changed = cv2.blur(cv2.absdiff(moved, after), (3, 3)) > UNEXPLAINED_GREY_LEVELS
    reach = np.ones((REACH, REACH), np.uint8)
    return cv2.dilate(changed.view(np.uint8), reach).astype(np.bool_)


def _camera_flow(
    fits: NDArray[np.float64], size: tuple[int, ...], unit: np.float32
) -> NDArray[np.float32]:
    """Flow (P, h, w, 2) of the camera alone, for P similarities (P, 2, 3), in `unit` pixels."""
    change = (fits - np.eye(2, 3)).astype(np.float32)[:, None, None] * unit
    rows = np.arange(size[0], dtype=np.float32)[:, None, None]
    columns = np.arange(size[1], dtype=np.float32)[:, None]
    return np.asarray(columns * change[..., 0] + (rows * change[..., 1] + change[..., 2]))


def lengths_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of every vector of (..., 2)."""
    # Not cv2.magnitude: its last bit changes with the memory's alignment, rows must not.
    return np.sqrt(np.square(vectors[..., 0]) + np.square(vectors[..., 1]))
