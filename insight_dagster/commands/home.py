"""Preparing a home folder: sub-folders, settings file, Dagster instance.

What a home holds is read by `pipeline.home`; the list of its files is `files.home_folders`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import insight_dagster
from insight_dagster.commands.console import Console
from insight_dagster.errors import DagsterInstanceError, UnavailableError
from insight_dagster.files.atomic import write_atomically
from insight_dagster.orchestration.stored_partitions import stored_partitions
from insight_dagster.pipeline.home import note_of_last_write, open_database
from insight_dagster.settings import Settings
from insight_dagster.settings.settings_file import settings_text

if TYPE_CHECKING:
    import dagster as dg

_INSTANCE_FILE = "dagster.yaml"
_REMEMBERED = ("library", "variant", "weights", "labels")


def prepare_home(settings: Settings) -> None:
    """Create the home folder, its sub-folders and, if there is none, its `dagster.yaml`.

    Raises:
        UnavailableError: a folder cannot be created or written.
    """
    folders = (settings.home, settings.folders.dagster, settings.folders.weights)
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        instance_file = settings.folders.dagster / _INSTANCE_FILE
        if not instance_file.exists():
            template = Path(insight_dagster.__file__).parent / "dagster_home" / _INSTANCE_FILE
            shutil.copyfile(template, instance_file)
    except OSError as problem:
        raise _not_writable(settings.home, problem.strerror or str(problem)) from problem
    if not os.access(settings.home, os.W_OK):
        raise _not_writable(settings.home, "permission denied")


def initialise(settings: Settings, *, console: Console) -> None:
    """Run `insight init`: create the home and print what is in it.

    Raises:
        UnavailableError: a folder cannot be created or written.
    """
    prepare_home(settings)
    written = remember(settings, always=True)
    instance_file = settings.folders.dagster / _INSTANCE_FILE
    console.print(
        f"Home: {settings.home}",
        f"Settings: {settings.folders.settings_file}{'' if written else ' (kept as it was)'}",
        f"Dagster instance: {instance_file}",
        f"Library: {settings.library_folder}",
        f"Next: `insight serve --home {settings.home}` watches the library, `insight run` analyses "
        "it at once.",
        sep="\n",
        soft_wrap=True,
    )


def _not_writable(home: Path, reason: str) -> UnavailableError:
    return UnavailableError(
        f"home folder {home} cannot be written ({reason}); "
        "choose another with --home or INSIGHT_HOME"
    )


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the home's Dagster instance, the one that `insight serve` shows.

    Raises:
        DagsterInstanceError: its database cannot be used, which may show at any use.
        UnavailableError: a folder of the home cannot be created or written.
    """
    import dagster as dg
    from sqlalchemy.exc import DatabaseError

    prepare_home(settings)
    folder = settings.folders.dagster
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield instance
    except DatabaseError as problem:
        raise DagsterInstanceError(
            f"the database of the Dagster instance {folder} cannot be used ({problem.orig}); if a "
            "file there is damaged, move that folder away: it holds the history of runs only, and "
            "the next run creates it"
        ) from problem


def partitions(settings: Settings) -> list[str]:
    """Return the classes that are partitions of the home's Dagster instance."""
    stored = stored_partitions(settings.folders.dagster, settings.class_partitions)
    if stored is not None:
        return stored
    with open_instance(settings) as instance:
        return list(instance.get_dynamic_partitions(settings.class_partitions))


def warn_random(random: bool, console: Console) -> None:
    """Print a warning if the predictions come from an untrained model."""
    if random:
        console.labelled(
            "RANDOM WEIGHTS:", "predictions and insights mean nothing", style="bold red"
        )


def note_clock(settings: Settings, console: Console) -> None:
    """Print a note if the clock is behind the last write, before a command writes."""
    path = settings.folders.database
    note = note_of_last_write(open_database(settings)) if path.exists() else None
    if note is not None:
        console.labelled("note:", note, style="yellow")


def who(author: str | None) -> str:
    """Return the author, or the user's login name if none is given."""
    try:
        return author or getuser()
    except (OSError, KeyError):  # a user id without a name, for example in a container
        return f"user {os.getuid()}"


def remember(settings: Settings, *, always: bool = False) -> bool:
    """Write a home's library and model into its settings file, if it has none yet.

    Later commands and the UI then read the same clips with the same model. All other settings are
    in the file as comments, with their meanings.

    Args:
        settings: of the home.
        always: write the file even if library and model are the defaults.

    Returns:
        Whether the file was written.
    """
    path = settings.folders.settings_file
    kept = [name for name in _REMEMBERED if _is_chosen(settings, name)]
    if path.exists() or not (kept or always):
        return False
    text = settings_text(settings, keep=kept, leave_out=["home"])
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))
    return True


def _is_chosen(settings: Settings, name: str) -> bool:
    value = getattr(settings, name)
    return value is not None and value != Settings.model_fields[name].default
