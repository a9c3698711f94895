"""The motion of the camera: translation, shake and zoom.

Measures of the camera's part of the optical flow belong here; estimating it (`flow`) does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.flow import Flow
from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

_FIELDS = ("camera_motion", "shake", "zoom")
_SERIES = ("camera_motion", "shake", "zoom")


def camera_motion(
    flow: Flow | None, timestamps: NDArray[np.float64], cuts: NDArray[np.bool_]
) -> Measurement:
    """Measure the camera's translation, shake and zoom.

    Shake and zoom leave out cuts, across which a camera does not move. Shake is None without three
    pairs of frames in one shot, zoom if all pairs are cuts, and everything for a single frame.

    Args:
        flow: optical flow of P pairs of frames; None for a single frame.
        timestamps: (P + 1,) float64, in seconds.
        cuts: (P,) whether the frames of a pair belong to two shots.
    """
    if flow is None:
        return no_pairs(_FIELDS, _SERIES)
    lengths = np.linalg.norm(flow.camera_path, axis=1)
    jerks, seconds = shake(flow.camera_path, cuts), np.diff(timestamps)
    known = jerks[~np.isnan(jerks)]
    zooms = np.where(cuts, np.nan, np.log(flow.camera_scale))
    values: dict[str, float | None] = {
        "camera_motion": float(lengths.mean()),
        "shake": float(np.sqrt(np.square(known).mean())) if len(known) else None,
        "zoom": float(zooms[~cuts].sum() / seconds[~cuts].sum()) if not cuts.all() else None,
    }
    return Measurement(values, dict(zip(_SERIES, (lengths, jerks, zooms / seconds), strict=True)))


def shake(path: NDArray[np.float64], cuts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance of each translation from the mean of its two neighbours.

    The distance is divided by sqrt(1.5), so that its root mean square is the standard deviation of
    independent translations. It is 0 for a pan at constant speed or constant acceleration, and NaN
    for the first and last pair and beside cuts.

    Args:
        path: (P, 2) translation of the frame centre, in shares of the diagonal.
        cuts: (P,) whether the frames of a pair belong to two shots.

    Returns:
        (P,) float64, in shares of the diagonal.
    """
    jerks = np.full(len(path), np.nan)
    if len(path) > 2:
        steps = np.where(cuts[:, None], np.nan, path)
        off = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
        jerks[1:-1] = np.linalg.norm(off, axis=1) / np.sqrt(1.5)
    return jerks
