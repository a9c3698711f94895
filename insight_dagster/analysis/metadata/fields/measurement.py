"""What a measuring module returns: numbers of the clip and arrays over its frames.

Belongs here: the shape of the answer. Does not: any measurement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measurement:
    """Fields of one clip.

    Attributes:
        values: number by field; None where the clip has no such thing.
        series: float64 array by name, one number a frame (T,) or a frame pair (T - 1,); NaN where
            that frame or pair has no such thing.
    """

    values: dict[str, float | None]
    series: dict[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        wide = {name: array.shape for name, array in self.series.items() if array.ndim != 1}
        if wide:
            raise ValueError(f"a series has one number a frame or pair, got shapes {wide}")


def no_pairs(values: Iterable[str], series: Iterable[str]) -> Measurement:
    """The answer for a single frame: a comparison of frames has nothing to compare."""
    return Measurement(dict.fromkeys(values), {name: np.zeros(0) for name in series})


def joined(parts: Iterable[Measurement]) -> Measurement:
    """Every field of some measurements."""
    values: dict[str, float | None] = {}
    series: dict[str, NDArray[np.float64]] = {}
    for part in parts:
        values |= part.values
        series |= part.series
    return Measurement(values, series)
