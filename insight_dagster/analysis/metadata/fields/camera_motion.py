"""How the camera moves: translation, shake and zoom.

Belongs here: what the camera's part of the flow says. Does not: estimating it (`flow.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.flow import Flow
from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

_FIELDS = ("camera_motion", "shake", "zoom")
_SERIES = ("camera_motion", "shake", "zoom")


def camera(
    flow: Flow | None, timestamps: NDArray[np.float64], cuts: NDArray[np.bool_]
) -> Measurement:
    """Camera translation, shake and zoom; None for a single frame, which has no flow.

    A camera does not move across a cut: shake and zoom leave cuts out. They are None where nothing
    is left: under three pairs of frames in one shot (shake), cuts alone (zoom).

    Args:
        flow: of P pairs.
        timestamps: (P + 1,) seconds.
        cuts: (P,) whether the pair is two shots.
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
    """How far each translation leaves the mean of the two beside it, shares of the diagonal, (P,).

    Divided by sqrt(1.5), so that its root mean square is the standard deviation of translations
    that have nothing to do with each other; a pan that is steady, or speeds up steadily, has 0.
    NaN for the first and last pair and beside cuts.

    Args:
        path: (P, 2) translation of the frame centre.
        cuts: (P,) whether the pair is two shots.
    """
    jerks = np.full(len(path), np.nan)
    if len(path) > 2:
        steps = np.where(cuts[:, None], np.nan, path)
        off = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
        jerks[1:-1] = np.linalg.norm(off, axis=1) / np.sqrt(1.5)
    return jerks
