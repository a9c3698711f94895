"""How things move: flow lengths, foreground, direction and rhythm.

Belongs here: what the optical flow says of the scene. Does not: estimating it (`flow.py`), the
camera (`camera.py`), grey differences (`similarity.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.flow import Flow, lengths_of
from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

# A pixel is foreground when it leaves the camera's motion by more than this share of the
# diagonal between two frames: 1.7 px at 340 x 256, above the flow's error on compressed video.
FOREGROUND_SHARE = 0.004
# Flow shorter than this share of the diagonal (.004 px at 340 x 256) counts as no motion at all.
NO_MOTION_SHARE = 1e-5
DIRECTIONS = 8
FEWEST_PAIRS_FOR_RHYTHM = 6
_FIELDS = (
    "foreground_ratio",
    "flow_magnitude_mean",
    "flow_magnitude_std",
    "flow_magnitude_max",
    "motion_centre_x",
    "motion_centre_y",
    "motion_entropy",
    "periodicity",
)
_SERIES = (
    "foreground_ratio",
    "flow_magnitude",
    "motion_centre_x",
    "motion_centre_y",
    "motion_entropy",
)


def motion(flow: Flow | None) -> Measurement:
    """Flow, foreground, direction and rhythm measures; None for a single frame, which has no flow.

    The motion centre of a clip (or pair) in which nothing moves is None; its entropy and
    periodicity are 0.
    """
    if flow is None:
        return no_pairs(_FIELDS, _SERIES)
    lengths = lengths_of(flow.vectors)
    foreground, magnitude = foreground_share(flow), lengths.mean(axis=(1, 2), dtype=np.float64)
    # Every second one of these vectors in both directions: a histogram needs no more.
    weights = direction_weights(flow.vectors[:, ::2, ::2], lengths[:, ::2, ::2])
    centre_x, centre_y = motion_centre(lengths.mean(axis=0, dtype=np.float64)[None])[0]
    centres = motion_centre(lengths)
    values: dict[str, float | None] = {
        "foreground_ratio": float(foreground.mean()),
        "flow_magnitude_mean": float(lengths.mean()),
        "flow_magnitude_std": float(lengths.std()),
        "flow_magnitude_max": float(
            np.percentile(lengths.reshape(len(lengths), -1), 99, axis=1).max()
        ),
        "motion_centre_x": None if np.isnan(centre_x) else float(centre_x),
        "motion_centre_y": None if np.isnan(centre_y) else float(centre_y),
        "motion_entropy": float(entropy(weights.sum(axis=0, keepdims=True))[0]),
        "periodicity": periodicity(magnitude),
    }
    found = (foreground, magnitude, *centres.T, entropy(weights))
    return Measurement(values, dict(zip(_SERIES, found, strict=True)))


def foreground_share(flow: Flow) -> NDArray[np.float64]:
    """Share of pixels that move against the camera, 0-1, (P,).

    Such a pixel's flow leaves the camera's by more than .4 % of the diagonal, and it lies near a
    change that the camera's motion does not explain: in flat areas the flow alone is a guess.
    """
    against = lengths_of(flow.vectors - flow.camera) > FOREGROUND_SHARE
    return (against & flow.unexplained).mean(axis=(1, 2))


def motion_centre(lengths: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean position weighted by flow length, (n, 2) of x and y in 0-1; NaN where nothing moves.

    Args:
        lengths: (n, h, w), in shares of the diagonal.
    """
    _, height, width = lengths.shape
    columns, rows = (lengths.sum(axis=axis, dtype=np.float64) for axis in (1, 2))
    total = rows.sum(axis=1)
    moves = total >= NO_MOTION_SHARE * height * width
    total = np.where(moves, total, np.nan)
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    # Sums of products, not dot products, whose last bit depends on the memory's alignment.
    return np.stack([(columns * across).sum(axis=1), (rows * down).sum(axis=1)], 1) / total[:, None]


def direction_weights(
    vectors: NDArray[np.float32], lengths: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Summed flow length by direction, (P, 9): 8 sectors and, in the middle, what does not move.

    The sectors are centred on right, down-right, down, ...: a clip that moves one way fills one.
    """
    size = np.abs(vectors)
    # A component counts when it exceeds the other's share at the sectors' border of 22.5 degrees.
    counts_too = size > np.float32(np.tan(np.pi / 8)) * size[..., ::-1]
    steps = np.where(counts_too, np.sign(vectors), 0).astype(np.int8)
    sector = (3 * steps[..., 0] + steps[..., 1] + 4).reshape(len(vectors), -1).astype(np.int64)
    places = sector + 9 * np.arange(len(vectors))[:, None]
    weights = np.where(lengths > NO_MOTION_SHARE, lengths, 0)
    totals = np.bincount(places.ravel(), weights=weights.ravel(), minlength=9 * len(vectors))
    return totals.reshape(-1, 9).astype(np.float64, copy=False)


def entropy(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of (n, 9) direction weights over log 8, 0-1, (n,); 0 where nothing moves."""
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.clip(-(share * logs).sum(axis=1) / np.log(DIRECTIONS), 0.0, 1.0)


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
