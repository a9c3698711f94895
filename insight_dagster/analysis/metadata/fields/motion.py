"""The motion in a scene: flow lengths, foreground, direction and rhythm.

Measures of the optical flow belong here; estimating it (`flow`), the camera's part of it
(`camera_motion`) and grey differences (`similarity`) do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.flow import Flow, lengths_of
from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

# A pixel is foreground if its motion differs from the camera's by more than this share of the
# diagonal: 1.7 px at 340 x 256, above the flow's error on compressed video.
FOREGROUND_SHARE = 0.004
# Flow shorter than this share of the diagonal (.004 px at 340 x 256) counts as no motion.
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
    """Measure flow lengths, foreground, direction and rhythm.

    If nothing moves, the motion centre is None, and entropy and periodicity are 0.

    Args:
        flow: optical flow; None for a single frame, for which all measures are None.
    """
    if flow is None:
        return no_pairs(_FIELDS, _SERIES)
    lengths = lengths_of(flow.vectors)
    foreground, magnitude = foreground_share(flow), lengths.mean(axis=(1, 2), dtype=np.float64)
    # Every second vector in both directions is enough for a histogram.
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
    """Return the share of pixels that move against the camera, 0-1, (P,).

    The flow of such a pixel differs from the camera's by more than 0.4 % of the diagonal, and the
    pixel lies near a change of grey level that the camera's motion does not explain, because the
    flow is unreliable in flat areas.
    """
    against = lengths_of(flow.vectors - flow.camera) > FOREGROUND_SHARE
    return (against & flow.unexplained).mean(axis=(1, 2))


def motion_centre(lengths: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean position weighted by flow length, (n, 2) x and y in 0-1.

    Args:
        lengths: (n, h, w) flow lengths in shares of the diagonal.

    Returns:
        (n, 2) float64; NaN where nothing moves.
    """
    _, height, width = lengths.shape
    columns, rows = (lengths.sum(axis=axis, dtype=np.float64) for axis in (1, 2))
    total = rows.sum(axis=1)
    moves = total >= NO_MOTION_SHARE * height * width
    total = np.where(moves, total, np.nan)
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    # Sums of products, not dot products, whose last bit depends on memory alignment.
    return np.stack([(columns * across).sum(axis=1), (rows * down).sum(axis=1)], 1) / total[:, None]


def direction_weights(
    vectors: NDArray[np.float32], lengths: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the summed flow length by direction.

    The 8 sectors are centred on right, down-right, down and so on, so that motion in one of these
    directions fills a single sector.

    Args:
        vectors: (P, h, w, 2) flow in shares of the diagonal.
        lengths: (P, h, w) lengths of the vectors.

    Returns:
        (P, 9) float64; the middle column is 0, as it stands for pixels that do not move.
    """
    size = np.abs(vectors)
    # A component counts if the angle to the other axis exceeds the sectors' border of 22.5 degrees.
    counts = size > np.float32(np.tan(np.pi / 8)) * size[..., ::-1]
    steps = np.where(counts, np.sign(vectors), 0).astype(np.int8)
    sector = (3 * steps[..., 0] + steps[..., 1] + 4).reshape(len(vectors), -1).astype(np.int64)
    places = sector + 9 * np.arange(len(vectors))[:, None]
    weights = np.where(lengths > NO_MOTION_SHARE, lengths, 0)
    totals = np.bincount(places.ravel(), weights=weights.ravel(), minlength=9 * len(vectors))
    return totals.reshape(-1, 9).astype(np.float64, copy=False)


def entropy(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy (n,) of direction weights (n, 9) over log 8, 0-1; 0 without motion."""
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.clip(-(share * logs).sum(axis=1) / np.log(DIRECTIONS), 0.0, 1.0)


def periodicity(signal: NDArray[np.floating]) -> float:
    """Return the largest autocorrelation of a detrended signal at lags 2 to half its length, 0-1.

    The autocorrelation is divided by that at lag 0 (the biased estimate), so that few overlapping
    samples cannot give a large value. It is 0 for fewer than 6 samples and for a constant signal.

    Args:
        signal: (P,) mean flow length of each pair of frames, in shares of the diagonal.
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
