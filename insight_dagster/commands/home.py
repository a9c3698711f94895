"""The home folder: its sub-folders, its Dagster instance, and whether it can be written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

import dagster as dg
from rich.console import Console

import insight_dagster
from insight_dagster.errors import SettingsError
from insight_dagster.pipeline.open_home import has_random_predictions, open_database
from insight_dagster.settings import Settings
from insight_dagster.settings.thresholds import Thresholds

_INSTANCE_FILE = "dagster.yaml"
_REMEMBERED = ("library", "variant", "weights", "labels")


def prepare_home(settings: Settings) -> None:
    """Make the home folder usable: sub-folders, and the instance settings if there are none.

    Raises:
        SettingsError: a folder cannot be made or written.
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
    """`insight init`: make the home, and say what is in it.

    Raises:
        SettingsError: a folder cannot be made or written.
    """
    prepare_home(settings)
    written = remember(settings, always=True)
    instance_file = settings.folders.dagster / _INSTANCE_FILE
    console.print(
        f"Home: {settings.home}\n"
        f"Settings: {settings.folders.settings_file}{'' if written else ' (kept as it was)'}\n"
        f"Dagster instance: {instance_file}\n"
        f"Library: {settings.library_folder}\n"
        f"Next: `insight serve --home {settings.home}` watches the library, `insight run` analyses "
        "it at once.",
        soft_wrap=True,
        markup=False,
    )


def _not_writable(home: Path, reason: str) -> SettingsError:
    return SettingsError(
        f"home folder {home} cannot be written ({reason}); "
        "choose another with --home or INSIGHT_HOME"
    )


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The home's Dagster instance, the same that `insight serve` shows."""
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.folders.dagster)) as instance:
        yield instance


def mark_random(settings: Settings, console: Console) -> None:
    """Say so where the home's predictions come from an untrained model."""
    if has_random_predictions(open_database(settings)):
        console.print("[bold red]RANDOM WEIGHTS:[/] predictions and insights mean nothing")


def who(author: str | None) -> str:
    """The author given, else the name that the user is logged in with."""
    try:
        return author or getuser()
    except (OSError, KeyError):  # a user id without a name, in a container say
        return f"user {os.getuid()}"


def remember(settings: Settings, *, always: bool = False) -> bool:
    """Keep a home's library and model in its settings file, if it has none yet.

    Later commands, the UI among them, then look at the same clips with the same model. Every other
    setting stands in the file as a comment, with its meaning.

    Args:
        settings: of the home.
        always: write the file even where library and model are the defaults.

    Returns:
        Whether the file was written.
    """
    path = settings.folders.settings_file
    chosen = any(_is_chosen(settings, name) for name in _REMEMBERED)
    if path.exists() or not (chosen or always):
        return False
    path.write_text("\n".join(_settings_lines(settings)) + "\n", encoding="utf-8")
    return True


def _settings_lines(settings: Settings) -> Iterator[str]:
    yield "# Settings of this home. Environment variables INSIGHT_<NAME> and flags win over them."
    for name, info in Settings.model_fields.items():
        if name in ("home", "checks"):
            continue
        value, default = getattr(settings, name), info.get_default(call_default_factory=True)
        chosen = name in _REMEMBERED and _is_chosen(settings, name)
        yield f"\n# {info.description}"
        yield f"{'' if chosen else '# '}{name} = {_toml(value if chosen else default)}"
    yield "\n# Thresholds of the asset checks."
    yield "[checks]"
    for name, info in Thresholds.model_fields.items():
        yield f"\n# {info.description}"
        yield f"# {name} = {_toml(info.get_default(call_default_factory=True))}"


def _is_chosen(settings: Settings, name: str) -> bool:
    value = getattr(settings, name)
    return value is not None and value != Settings.model_fields[name].default


def _toml(value: object) -> str:
    """A value as TOML writes it; an empty text where there is none."""
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return json.dumps(list(value), ensure_ascii=False)
    text = "" if value is None else str(value) if isinstance(value, Path) else value
    # TOML's strings are JSON's, but for the halves of a character that JSON escapes it into.
    return json.dumps(text, ensure_ascii=False)
