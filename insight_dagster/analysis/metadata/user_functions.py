"""The user's own metadata: functions that installed packages offer by an entry point.

Belongs here: finding, calling and checking them. Does not: the built-in measurements, or storing
what they return (`analysis/metadata_table.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insight_dagster.errors import MetadataFunctionError

GROUP = "insight_dagster.metadata"


@dataclass(frozen=True)
class UserFunction:
    """One function of the user.

    Attributes:
        name: of the entry point; its fields are stored as `name.field`.
        version: of the package that offers it.
        call: (frames uint8 (T, H, W, 3) RGB as decoded and read-only, timestamps float64 (T,) in
            seconds) -> number or None by field name. It is called from several threads.
    """

    name: str
    version: str
    call: Callable[[NDArray[np.uint8], NDArray[np.float64]], Mapping[str, float | None]]


@dataclass(frozen=True)
class UserValues:
    """What the user's functions said of one clip.

    Attributes:
        values: finite number or None by `function.field`.
        problems: why a function said nothing, by its name.
    """

    values: dict[str, float | None]
    problems: dict[str, str]


def installed_functions() -> tuple[UserFunction, ...]:
    """The functions of the entry-point group `insight_dagster.metadata`, by name.

    Raises:
        MetadataFunctionError: one cannot be imported, or two have the same name.
    """
    found = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MetadataFunctionError(
            f"several installed packages offer a metadata function {', '.join(twice)} "
            f"(entry points {GROUP!r}); uninstall all but one"
        )
    return tuple(_loaded(each) for each in found)


def _loaded(entry: EntryPoint) -> UserFunction:
    package = entry.dist.name if entry.dist else "unknown"
    try:
        call = entry.load()
    except Exception as problem:
        raise MetadataFunctionError(
            f"metadata function {entry.name} of the package {package} cannot be imported from "
            f"{entry.value!r} ({_told(problem)}); mend the package or uninstall it"
        ) from problem
    return UserFunction(entry.name, entry.dist.version if entry.dist else "0", call)


def call_functions(
    functions: Sequence[UserFunction],
    frames: NDArray[np.uint8],
    timestamps: NDArray[np.float64],
) -> UserValues:
    """The fields of every function for one clip; one that fails costs its own fields only.

    Args:
        functions: to call.
        frames: uint8 (T, H, W, 3).
        timestamps: float64 (T,), seconds.
    """
    values: dict[str, float | None] = {}
    problems: dict[str, str] = {}
    for function in functions:
        try:
            returned = function.call(_read_only(frames), _read_only(timestamps))
            values |= {f"{function.name}.{k}": _number(k, v) for k, v in returned.items()}
        except Exception as problem:  # whatever the user's code does wrong
            problems[function.name] = _told(problem)
    return UserValues(values, problems)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _number(name: str, value: object) -> float | None:
    """A field's value as a finite float; None, NaN and infinities as None."""
    if value is None:
        return None
    if not isinstance(value, Real | np.bool_):
        raise TypeError(f"field {name!r} must be a number or None, got {type(value).__name__}")
    return float(value) if np.isfinite(float(value)) else None


def _told(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}".splitlines()[0]
