"""Metadata functions of the user's packages: found, called and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from insight_dagster.analysis.metadata.user_functions import (
    UserFunction,
    call_functions,
    installed_functions,
)
from insight_dagster.errors import MetadataFunctionError

FRAMES = np.full((4, 20, 30, 3), 100, np.uint8)
TIMES = np.arange(4) / 6


def install(folder: Path, package: str, functions: dict[str, str], *, version: str = "1.0") -> None:
    """Write a package as pip installs it: a module, its version and its entry points."""
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = [f"{name} = {package}:{target}" for name, target in functions.items()]
    (info / "entry_points.txt").write_text("[insight_dagster.metadata]\n" + "\n".join(lines) + "\n")
    (folder / f"{package}.py").write_text(
        "def sky(frames, timestamps):\n"
        "    return {'blue': frames[:, :5, :, 2].mean(), 'seconds': timestamps[-1]}\n"
    )


def called(function) -> tuple[dict, dict]:
    found = call_functions([UserFunction("own", "1", function)], FRAMES, TIMES)
    return found.values, found.problems


def test_functions_of_installed_packages_are_found_with_their_version(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    assert installed_functions() == ()
    install(tmp_path, "sky_package", {"sky": "sky"}, version="2.3")
    (function,) = installed_functions()
    assert (function.name, function.version) == ("sky", "2.3")
    found = call_functions([function], FRAMES, TIMES)
    assert found.values == {"sky.blue": 100.0, "sky.seconds": 0.5}
    assert not found.problems


def test_a_function_that_cannot_be_imported_is_an_error_that_names_its_package(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "broken_package", {"sky": "no_such_function"})
    with pytest.raises(MetadataFunctionError, match="sky of the package broken.package"):
        installed_functions()


def test_two_functions_of_one_name_are_refused(tmp_path, monkeypatch):
    for package in ("one_package", "other_package"):
        install(tmp_path / package, package, {"sky": "sky"})
        monkeypatch.syspath_prepend(tmp_path / package)
    with pytest.raises(MetadataFunctionError, match="several installed packages provide .* sky"):
        installed_functions()


@pytest.mark.parametrize("value", [None, float("nan"), float("-inf"), np.float32("inf")])
def test_values_that_are_no_number_are_unknown(value):
    assert called(lambda *_: {"a": value, "b": np.int64(3), "c": True}) == (
        {"own.a": None, "own.b": 3.0, "own.c": 1.0},
        {},
    )


def failing(*_):
    raise RuntimeError("no\nsky")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (failing, "RuntimeError: no"),
        (lambda *_: {"a": 1.0, "b": "blue"}, "TypeError: field 'b' must be a number or None, got"),
        (lambda *_: 3.0, "AttributeError"),
        (lambda frames, _: {"a": frames.fill(0)}, "ValueError: assignment destination"),
        (lambda *_: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_function_that_fails_costs_its_own_values_only(function, reason):
    functions = [UserFunction("bad", "1", function), UserFunction("good", "1", lambda *_: {"a": 1})]
    found = call_functions(functions, FRAMES, TIMES)
    assert found.values == {"good.a": 1.0}
    assert set(found.problems) == {"bad"}
    assert found.problems["bad"].startswith(reason)
    assert (FRAMES == 100).all()
