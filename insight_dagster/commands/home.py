"""The home folder: its sub-folders, its Dagster instance, and whether it can be written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

import insight_dagster
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings

_INSTANCE_FILE = "dagster.yaml"


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
