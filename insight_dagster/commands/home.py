"""The home folder: its sub-folders, its Dagster instance, and whether it can be written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from rich.console import Console

import insight_dagster
from insight_dagster.analysis.inference import is_random
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.settings import SETTINGS_FILE, Settings

_INSTANCE_FILE = "dagster.yaml"
_REMEMBERED = ("library", "variant", "weights", "labels")


def prepare_home(settings: Settings) -> None:
    """Make the home folder usable: sub-folders, and the instance settings if there are none.

    Raises:
        SettingsError: a folder cannot be made or written.
    """
    folders = (settings.home, settings.dagster_home, settings.weights_folder)
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        instance_file = settings.dagster_home / _INSTANCE_FILE
        if not instance_file.exists():
            template = Path(insight_dagster.__file__).parent / "dagster_home" / _INSTANCE_FILE
            shutil.copyfile(template, instance_file)
    except OSError as problem:
        raise _not_writable(settings.home, problem.strerror or str(problem)) from problem
    if not os.access(settings.home, os.W_OK):
        raise _not_writable(settings.home, "permission denied")


def _not_writable(home: Path, reason: str) -> SettingsError:
    return SettingsError(
        f"home folder {home} cannot be written ({reason}); "
        "choose another with --home or INSIGHT_HOME"
    )


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The home's Dagster instance, the same that `insight serve` shows."""
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        yield instance


def open_database(settings: Settings) -> Database:
    """The home's database, for reading.

    Raises:
        SettingsError: nothing has been materialized in this home yet.
    """
    if not settings.database_path.exists():
        raise SettingsError(
            f"{settings.database_path} does not exist: nothing has been materialized in this home; "
            "`insight demo` or `insight run` does, --home or INSIGHT_HOME names another"
        )
    return Database(settings.database_path, settings.lock_timeout_seconds)


def mark_random(settings: Settings, console: Console) -> None:
    """Say so where the home's predictions come from an untrained model."""
    store = open_database(settings)
    sql = "SELECT DISTINCT model_fingerprint FROM predictions"
    if any(is_random(name) for name in store.read(sql)["model_fingerprint"].to_pylist()):
        console.print("[bold red]RANDOM WEIGHTS:[/] predictions and insights mean nothing")


def remember(settings: Settings) -> None:
    """Keep a home's library and model in its settings file, if it has none yet.

    Later commands, the UI among them, then look at the same clips with the same model.
    """
    path = settings.home / SETTINGS_FILE
    chosen = {name: getattr(settings, name) for name in _REMEMBERED}
    lines = [
        f"{name} = {json.dumps(str(value))}"
        for name, value in chosen.items()
        if value is not None and value != Settings.model_fields[name].default
    ]
    if lines and not path.exists():
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
