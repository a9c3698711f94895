"""Curves over time that several actions share: easing, steps, running legs.

Which action uses them (`scenes`) does not belong here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.floating]


def ease(times: Series, start: float, end: float) -> Series:
    """Return 0 before `start`, 1 after `end`, and a smooth cubic Hermite curve between."""
    share = np.clip((times - start) / max(end - start, 1e-6), 0, 1)
    return share * share * (3 - 2 * share)


def stairs(phase: Series, *, swing: float = 0.4) -> Series:
    """Turn a phase into steps: each cycle rests, then moves by 1 in its last share `swing`."""
    whole = np.floor(phase)
    return whole + ease(phase - whole, 1 - swing, 1)


def keyed(times: Series, keys: list[tuple[float, tuple[float, float, float]]]) -> Series:
    """Return points (T, 3) that move smoothly through keys of time and point."""
    result = np.repeat(np.array([keys[0][1]], float), len(times), axis=0)
    for (begin, here), (end, there) in pairwise(keys):
        result += ease(times, begin, end)[:, None] * (np.array(there) - np.array(here))
    return result


def point(x: Series | float, y: Series | float, z: Series | float, frames: int) -> Series:
    """Combine three coordinates, each a number or (T,), to points (T, 3)."""
    return np.stack([np.broadcast_to(np.asarray(v, float), (frames,)) for v in (x, y, z)], axis=-1)


def run(phase: Series, *, stride: float, lift: float, reach: float) -> Series:
    """Return the feet (T, 2, 3) of a runner in the body frame; one cycle per unit of phase."""
    feet = []
    for side, sign in enumerate((-1, 1)):
        angle = 2 * np.pi * (phase + side / 2)
        forward = stride * np.cos(angle)
        up = lift * np.clip(np.sin(angle), 0, None)
        feet.append(point(sign * 0.06, up - reach, forward, len(phase)))
    return np.stack(feet, axis=1)


def swing_arms(phase: Series, *, size: float) -> Series:
    """Return hands (T, 2, 3) that swing opposite to the legs of `run`."""
    hands = []
    for side, sign in enumerate((-1, 1)):
        forward = -size * np.cos(2 * np.pi * (phase + side / 2))
        hands.append(point(sign * 0.15, 0.06 + 0.3 * np.abs(forward), 0.1 + forward, len(phase)))
    return np.stack(hands, axis=1)
