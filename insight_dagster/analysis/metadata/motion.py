"""How things move: optical flow, camera motion, foreground, direction and rhythm.

Belongs here: everything derived from the optical flow between consecutive frames. Does not: grey
differences (`similarity.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.frames import MeasuredFrames

# DIS computes the flow on a quarter of the resolution and interpolates, so that every second
# pixel carries all of it.
STRIDE = 2
CAMERA_STRIDE = 4
CAMERA_ERROR = 0.5
UNEXPLAINED_GREY_LEVELS = 8
REACH = 11
# A pixel is foreground when it leaves the camera's motion by more than this share of the
# diagonal between two frames: 1.7 px at 340 x 256, above the flow's error on compressed video.
FOREGROUND_SHARE = 0.004
# Flow shorter than this share of the diagonal (.004 px at 340 x 256) counts as no motion at all.
NO_MOTION_SHARE = 1e-5
DIRECTIONS = 8
FEWEST_CAMERA_POINTS = 12
FEWEST_PAIRS_FOR_RHYTHM = 6
_FIELDS = (
    "foreground_ratio",
    "flow_magnitude_mean",
    "flow_magnitude_std",
    "flow_magnitude_max",
    "camera_motion",
    "motion_centre_x",
    "motion_centre_y",
    "motion_entropy",
    "periodicity",
)


@dataclass(frozen=True)
class Flow:
    """Optical flow of the P = T - 1 consecutive pairs, lengths in shares of the diagonal.

    Attributes:
        vectors: float32 (P, h, w, 2), right and down positive, on every second pixel.
        camera: float32 (P, h, w, 2), the flow that the camera's motion alone would cause.
        camera_shift: float64 (P,), length of the camera's translation of the frame centre.
        unexplained: bool (P, h, w), near a pixel whose grey level the camera's motion alone does
            not explain.
    """

    vectors: NDArray[np.float32]
    camera: NDArray[np.float32]
    camera_shift: NDArray[np.float64]
    unexplained: NDArray[np.bool_]

    def __post_init__(self) -> None:
        pairs = len(self.vectors)
        if self.vectors.shape != self.camera.shape or self.camera_shift.shape != (pairs,):
            raise ValueError(
                f"flow {self.vectors.shape}, camera {self.camera.shape} and shifts "
                f"{self.camera_shift.shape} do not describe the same frame pairs"
            )

    @property
    def lengths(self) -> NDArray[np.float32]:
        """Length of every flow vector, (P, h, w)."""
        return _lengths(self.vectors)


def motion(frames: MeasuredFrames) -> dict[str, float | None]:
    """Flow, camera, foreground, direction and rhythm measures; None for a single frame.

    The motion centre of a clip in which nothing moves is None; its entropy and periodicity are 0.
    """
    if frames.count < 2:
        return dict.fromkeys(_FIELDS)
    flow = estimate_flow(frames)
    lengths = flow.lengths
    centre_x, centre_y = motion_centre(lengths)
    return {
        "foreground_ratio": foreground_share(flow),
        "flow_magnitude_mean": float(lengths.mean()),
        "flow_magnitude_std": float(lengths.std()),
        "flow_magnitude_max": float(
            np.percentile(lengths.reshape(len(lengths), -1), 99, axis=1).max()
        ),
        "camera_motion": float(flow.camera_shift.mean()),
        "motion_centre_x": centre_x,
        "motion_centre_y": centre_y,
        "motion_entropy": direction_entropy(flow.vectors, lengths),
        "periodicity": periodicity(lengths.mean(axis=(1, 2))),
    }


def estimate_flow(frames: MeasuredFrames) -> Flow:
    """Flow by dense inverse search (Kroeger et al., ECCV 2016) and its camera part."""
    search = cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST)
    # The smoothing pass costs as much as all the rest and blurs small subjects away.
    search.setVariationalRefinementIterations(0)
    grey = frames.grey
    unknown: Any = None
    dense = [search.calc(grey[i], grey[i + 1], unknown) for i in range(len(grey) - 1)]
    per_half = np.float32(1 / STRIDE)
    sparse = np.stack([flow[::STRIDE, ::STRIDE] for flow in dense]).astype(np.float32) * per_half
    half = [np.ascontiguousarray(cv2.pyrDown(frame)) for frame in grey]
    fits = [camera_fit(flow, image) for flow, image in zip(sparse, half[:-1], strict=True)]
    unexplained = [_unexplained(half[i], half[i + 1], fit) for i, fit in enumerate(fits)]
    camera = _camera_flow(fits, sparse.shape[1:3])
    middle = camera.shape[1] // 2, camera.shape[2] // 2
    unit = STRIDE / frames.diagonal
    shifts = np.linalg.norm(camera[:, *middle], axis=-1).astype(np.float64) * unit
    scale = np.float32(unit)
    return Flow(sparse * scale, camera * scale, shifts, np.stack(unexplained))


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


def _camera_flow(fits: list[NDArray[np.float64]], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Flow (P, h, w, 2) of the camera alone, in pixels, for each of P similarities."""
    change = (np.stack(fits) - np.eye(2, 3)).astype(np.float32)[:, None, None]
    rows = np.arange(size[0], dtype=np.float32)[:, None, None]
    columns = np.arange(size[1], dtype=np.float32)[:, None]
    return columns * change[..., 0] + (rows * change[..., 1] + change[..., 2])


def foreground_share(flow: Flow) -> float:
    """Share of pixels that move against the camera, 0-1.

    Such a pixel's flow leaves the camera's by more than .4 % of the diagonal, and it lies near a
    change that the camera's motion does not explain: in flat areas the flow alone is a guess.
    """
    against = _lengths(flow.vectors - flow.camera) > FOREGROUND_SHARE
    return float((against & flow.unexplained).mean())


def motion_centre(lengths: NDArray[np.float32]) -> tuple[float | None, float | None]:
    """Mean position weighted by flow length, (x, y) in 0-1; None where nothing moves."""
    weights = lengths.mean(axis=0, dtype=np.float64)
    if weights.mean() < NO_MOTION_SHARE:
        return None, None
    weights /= weights.sum()
    height, width = weights.shape
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    # Sums of products, not dot products, whose last bit depends on the memory's alignment.
    return float((weights.sum(axis=0) * across).sum()), float((weights.sum(axis=1) * down).sum())


def direction_entropy(vectors: NDArray[np.float32], lengths: NDArray[np.float32]) -> float:
    """Entropy of the length-weighted histogram of 8 directions over log 8; 0 where nothing moves.

    The sectors are centred on right, down-right, down, ...: a clip that moves one way has 0.
    """
    size = np.abs(vectors)
    # A component counts when it exceeds the other's share at the sectors' border of 22.5 degrees.
    counts_too = size > np.float32(np.tan(np.pi / 8)) * size[..., ::-1]
    steps = np.where(counts_too, np.sign(vectors), 0).astype(np.int8)
    sector = 3 * steps[..., 0] + steps[..., 1] + 4
    weights = np.where(lengths > NO_MOTION_SHARE, lengths, 0)
    totals = np.bincount(sector.ravel(), weights=weights.ravel(), minlength=9)
    if not totals.any():
        return 0.0
    share = totals[totals > 0] / totals.sum()
    return float(max(-(share * np.log(share)).sum() / np.log(DIRECTIONS), 0.0))


def periodicity(signal: NDArray[np.floating]) -> float:
    """Largest autocorrelation of a detrended signal at lags 2 to half its length, 0-1.

    The autocorrelation is divided by that at lag 0 (the biased estimate), so that few overlapping
    samples cannot give a large value. 0 for under 6 samples and for a signal that does not vary.

    Args:
        signal: (P,), mean flow length of each frame pair, shares of the diagonal.
    """
    if len(signal) < FEWEST_PAIRS_FOR_RHYTHM:
        return 0.0
    time = np.arange(len(signal))
    level = np.asarray(signal, dtype=np.float64)
    rest = level - np.polyval(np.polyfit(time, level, 1), time)
    if rest.std() < NO_MOTION_SHARE:
        return 0.0
    lagged = np.correlate(rest, rest, mode="full")[len(rest) - 1 :]
    return float(np.clip(lagged[2 : len(rest) // 2 + 1].max() / lagged[0], 0.0, 1.0))


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    # Not cv2.magnitude: its last bit changes with the memory's alignment, rows must not.
    return np.sqrt(np.square(vectors[..., 0]) + np.square(vectors[..., 1]))
