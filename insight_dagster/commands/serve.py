"""Start `dagster dev` (UI, daemon, code location) on a home folder, on loopback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console

import insight_dagster
from insight_dagster.commands.home import prepare_home
from insight_dagster.definitions import build_definitions
from insight_dagster.settings import Settings

_MODULE = "insight_dagster.definitions"


def serve_home(settings: Settings, *, port: int, console: Console) -> None:
    """Become `dagster dev`: signals reach it directly, and its exit code is ours.

    Raises:
        SettingsError: the home folder cannot be written, or a setting is wrong.
    """
    prepare_home(settings)
    build_definitions(
        settings
    )  # what is wrong with the settings is better said here than in the UI
    console.print(f"Dagster UI: http://127.0.0.1:{port}  (home {settings.home})", soft_wrap=True)
    command = [sys.executable, "-m", "dagster", "dev", "-m", _MODULE, "-d", str(_root())]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "INSIGHT_HOME": str(settings.home),
    }
    console.file.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606


def _root() -> Path:
    """Folder that the packages are imported from."""
    return Path(insight_dagster.__file__).parents[1]
