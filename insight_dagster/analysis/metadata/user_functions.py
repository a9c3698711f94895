"""The user's own metadata functions, which installed packages provide as entry points.

Finding, calling and checking the functions belongs here; storing their values (`metadata_table`)
does not.
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
    """A metadata function of the user.

    Attributes:
        name: name of the entry point; its fields are stored as `name.field`.
        version: version of the package that provides it.
        call: maps frames, read-only (T, H, W, 3) uint8 RGB as decoded, and timestamps, (T,) float64
            in seconds, to numbers or None by field name. It is called from several threads.
    """

    name: str
    version: str
    call: Callable[[NDArray[np.uint8], NDArray[np.float64]], Mapping[str, float | None]]


@dataclass(frozen=True)
class UserValues:
    """The values of the user's functions for one clip.

    Attributes:
        values: a finite number or None by `function.field`.
        problems: error message by name of a function that failed.
    """

    values: dict[str, float | None]
    problems: dict[str, str]


def installed_functions() -> tuple[UserFunction, ...]:
    """Return the functions of the entry-point group `insight_dagster.metadata`, sorted by name.

    Raises:
        MetadataFunctionError: a function cannot be imported, or two have the same name.
    """
    found = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MetadataFunctionError(
            f"several installed packages provide a metadata function {', '.join(twice)} "
            f"(entry points {GROUP!r}); uninstall all but one of them"
        )
    return tuple(_loaded(each) for each in found)


def _loaded(entry: EntryPoint) -> UserFunction:
    package = entry.dist.name if entry.dist else "unknown"
    try:
        call = entry.load()
    except Exception as problem:
        raise MetadataFunctionError(
            f"metadata function {entry.name} of the package {package} cannot be imported from "
            f"{entry.value!r} ({_describe_error(problem)}); fix the package or uninstall it"
        ) from problem
    return UserFunction(entry.name, entry.dist.version if entry.dist else "0", call)


def call_functions(
    functions: Sequence[UserFunction],
    frames: NDArray[np.uint8],
    timestamps: NDArray[np.float64],
) -> UserValues:
    """Call every function for one clip; a function that fails loses only its own fields.

    Args:
        functions: the functions to call.
        frames: (T, H, W, 3) uint8 RGB.
        timestamps: (T,) float64, in seconds.
    """
    values: dict[str, float | None] = {}
    problems: dict[str, str] = {}
    for function in functions:
        try:
            returned = function.call(_read_only(frames), _read_only(timestamps))
            values |= {f"{function.name}.{k}": _number(k, v) for k, v in returned.items()}
        except Exception as problem:  # the user's code may raise anything
            problems[function.name] = _describe_error(problem)
    return UserValues(values, problems)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _number(name: str, value: object) -> float | None:
    """Convert the value of a field to a finite float; NaN and infinities become None."""
    if value is None:
        return None
    if not isinstance(value, Real | np.bool_):
        raise TypeError(f"field {name!r} must be a number or None, got {type(value).__name__}")
    return float(value) if np.isfinite(float(value)) else None


def _describe_error(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}".splitlines()[0]
