"""The result type of the measuring modules: numbers of a clip and arrays over its frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measurement:
    """Measured fields of one clip of T frames.

    Attributes:
        values: number by field name; None if the field is not defined for the clip.
        series: float64 array by name, one number per frame (T,) or per pair of frames (T - 1,); NaN
            where it is not defined.
    """

    values: dict[str, float | None]
    series: dict[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        wide = {name: array.shape for name, array in self.series.items() if array.ndim != 1}
        if wide:
            raise ValueError(f"a series has one number per frame or pair, got shapes {wide}")


def no_pairs(values: Iterable[str], series: Iterable[str]) -> Measurement:
    """Return the result of comparing frames if there is only one: no values and empty series."""
    return Measurement(dict.fromkeys(values), {name: np.zeros(0) for name in series})


def merge_measurements(parts: Iterable[Measurement]) -> Measurement:
    """Return one measurement with the fields and series of all parts."""
    values: dict[str, float | None] = {}
    series: dict[str, NDArray[np.float64]] = {}
    for part in parts:
        values |= part.values
        series |= part.series
    return Measurement(values, series)
