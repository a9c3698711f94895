"""`insight doctor`: check this machine and home; list versions and settings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import prepare_home
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.errors import InsightError, RunFailedError, SettingsError, UnavailableError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings

if TYPE_CHECKING:
    from insight_dagster.analysis.clip_library import ScannedLibrary

    Scan = Callable[[Path], ScannedLibrary]

_PACKAGES = (
    "dagster", "torch", "torchvision", "pytorchvideo", "decord", "av", "numpy", "scikit-learn",
    "hdbscan", "opentsne", "scikit-image", "opencv-python-headless", "captum", "duckdb", "pyarrow",
)  # fmt: skip
_EXTRAS = {"openvino": "fast"}
_MIN_FREE_GIB = 2


def examine(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print every check, version and setting.

    Raises:
        RunFailedError: a check failed; the table says which and why.
    """
    checks = [_outcome(name, check, settings) for name, check in _checks()]
    packages, values = list(_versions()), list(_settings(settings))
    if as_json:
        print_json("doctor", checks=checks, packages=packages, settings=values)
    else:
        print_rows(console, checks, title="Checks", empty="")
        print_rows(console, packages, title="Versions", empty="")
        print_rows(console, values, title="Settings", empty="")
    failed = [row["check"] for row in checks if row["state"] != "ok"]
    if failed:
        raise RunFailedError(f"these checks failed: {', '.join(failed)}; the table says why")


def _checks() -> list[tuple[str, Callable[[Settings], str]]]:
    scan_once = cache(_scan)
    return [
        ("python", lambda _: f"{sys.version.split()[0]} at {sys.executable}"),
        ("home writable", _home),
        ("decoders", _decoders),
        ("device", _device),
        ("weights", _weights),
        ("library", partial(_library, scan_once)),
        ("labels", partial(_labels, scan_once)),
        ("database", _database),
        ("filters", _filters),
        ("alerts", _alerts),
    ]


def _scan(folder: Path) -> ScannedLibrary:
    from insight_dagster.analysis.clip_library import scan

    return scan(folder)


def _outcome(name: str, check: Callable[[Settings], str], settings: Settings) -> dict[str, str]:
    try:
        return {"check": name, "state": "ok", "what": check(settings)}
    except (InsightError, ImportError, OSError) as problem:
        return {"check": name, "state": "failed", "what": str(problem)}


def _home(settings: Settings) -> str:
    prepare_home(settings)
    free = shutil.disk_usage(settings.home).free / 2**30
    if free < _MIN_FREE_GIB:
        raise OSError(f"{settings.home} has {free:.1f} GiB free; {_MIN_FREE_GIB} GiB are needed")
    return f"{settings.home}, {free:.0f} GiB free"


def _decoders(_: Settings) -> str:
    import av
    import decord

    return f"decord {decord.__version__}, PyAV {av.__version__} (imported; no file was decoded)"


def _device(settings: Settings) -> str:
    import torch

    from insight_dagster.analysis.model.engines import choose_engine
    from insight_dagster.analysis.model.loading import pick_device

    device = pick_device(settings.device)
    runs = f"{choose_engine(settings.engine, device, settings.precision)}, {settings.precision}"
    if device.type == "cuda":
        return f"{device}: {torch.cuda.get_device_name(device)}; {runs}"
    return f"{device}, {torch.get_num_threads()} threads, {os.cpu_count()} cores; {runs}"


def _weights(settings: Settings) -> str:
    from insight_dagster.commands.run.weights_note import weights_checked
    from insight_dagster.definitions import build_definitions, classifier_of

    model = classifier_of(build_definitions(settings)).load()
    if model.random_weights:
        return f"{model.fingerprint} (RANDOM WEIGHTS: predictions mean nothing)"
    checked = weights_checked(model.weights_file) if model.weights_file else ""
    return f"{model.fingerprint}, {len(model.labels)} labels; {checked}"


def _library(scan: Scan, settings: Settings) -> str:
    folder = settings.library_folder
    if not folder.exists():
        return f"{folder} does not exist yet; create one with `insight demo`, or set --library"
    library = scan(folder)
    return f"{folder}: {len(library.sources)} clips, {len(library.classes)} classes"


def _labels(scan: Scan, settings: Settings) -> str:
    """Compare the classes of the library with the labels of the model.

    Raises:
        SettingsError: not one class is a label of the model.
    """
    from insight_dagster.analysis.checks.manifest import unknown_labels
    from insight_dagster.definitions import build_definitions, classifier_of

    if not settings.library_folder.exists():
        return "not compared: there is no library yet"
    classes = scan(settings.library_folder).classes
    try:
        labels = classifier_of(build_definitions(settings)).describe().labels
    except InsightError:
        return "not compared: the model cannot be loaded"
    problem = unknown_labels(labels, classes)
    if problem and not set(classes) & set(labels):
        raise SettingsError(problem)
    return problem or f"all {len(classes)} classes of the library are labels of the model"


def _database(settings: Settings) -> str:
    try:
        store = open_database(settings)
    except UnavailableError:
        return f"{settings.folders.database} does not exist yet"
    store.check_file()
    clips = store.read("SELECT count(*) AS clips FROM clip_manifest")["clips"][0]
    return f"{settings.folders.database}: {clips} clips in the manifest"


def _filters(settings: Settings) -> str:
    """Evaluate the populations and contrasts of the settings file on the home's clips.

    Raises:
        SettingsError: one of them cannot be evaluated.
    """
    from insight_dagster.pipeline.clip_table import read_filter_columns
    from insight_dagster.pipeline.filter_counts import filter_rows

    count = len(settings.populations) + len(settings.contrasts)
    if not count:
        return "no populations or contrasts are set"
    try:
        store = open_database(settings)
    except UnavailableError:
        return f"{count} populations and contrasts, not evaluated: there are no clips yet"
    rows = filter_rows(settings, read_filter_columns(store))
    broken = [row["problem"] for row in rows if row["clips"] is None]
    if broken:
        raise SettingsError("; ".join(broken))
    return f"{count} populations and contrasts"


def _alerts(settings: Settings) -> str:
    """Count the alerts that wait for delivery.

    Raises:
        SettingsError: some were set aside, because they could not be read or delivered.
    """
    from insight_dagster.orchestration.alerts.queue import SET_ASIDE, undelivered_alerts

    rows = undelivered_alerts(settings.folders.alerts)
    aside = [Path(row["file"]).name for row in rows if row["state"] == "set aside"]
    if aside:
        raise SettingsError(
            f"{settings.folders.alerts / SET_ASIDE} has {', '.join(aside)}, which could not be "
            "read or delivered; look at them, then delete them"
        )
    return f"{len(rows)} wait for delivery"


def _versions() -> Iterator[dict[str, str]]:
    for name in _PACKAGES:
        try:
            yield {"package": name, "version": version(name)}
        except PackageNotFoundError:
            yield {"package": name, "version": "missing: run `make demo` or `pip install -e .`"}
    for name, extra in _EXTRAS.items():
        try:
            yield {"package": name, "version": version(name)}
        except PackageNotFoundError:
            yield {"package": name, "version": f"not installed: `pip install -e '.[{extra}]'`"}


def _settings(settings: Settings) -> Iterator[dict[str, Any]]:
    yield from _fields(settings, "", "INSIGHT_")
    yield from _fields(settings.checks, "checks.", "INSIGHT_CHECKS__")


def _fields(values: BaseModel, prefix: str, variable: str) -> Iterator[dict[str, Any]]:
    for name, field in type(values).model_fields.items():
        value = getattr(values, name)
        if isinstance(value, BaseModel):
            continue
        yield {
            "setting": f"{prefix}{name}",
            "value": str(value) if isinstance(value, Path) else value,
            "variable": f"{variable}{name.upper()}",
            "meaning": field.description,
        }
