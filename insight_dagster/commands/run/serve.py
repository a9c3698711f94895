"""`insight serve`: the Dagster UI, daemon and code location of a home, and its report."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import insight_dagster
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import prepare_home
from insight_dagster.commands.run.serve_report import LOOPBACK, serve_beside
from insight_dagster.commands.web import programs
from insight_dagster.definitions import build_definitions
from insight_dagster.errors import SettingsError
from insight_dagster.orchestration.dagster_internals import DAEMON_MODULE
from insight_dagster.settings import Settings

_LAST_PORT = 65_535
_ANSWER_SECONDS = "600"
"""How long the daemon waits for an answer of the code location; Dagster's own 60 s are too short
on a loaded machine."""


def serve_home(settings: Settings, *, port: int, report_port: int, console: Console) -> None:
    """Replace this process by one that runs UI, daemon and code location, and ends with them.

    The report is served beside it, because browsers do not follow a link from the UI to a file;
    not so if the settings say where else it is served (`report_url`).

    Args:
        settings: of the home.
        port: of the UI.
        report_port: of the report; 0 = do not serve it.
        console: receives the addresses.

    Raises:
        SettingsError: the home folder cannot be written, a setting is wrong, or a port cannot be
            used.
    """
    if report_port == port or not 0 <= report_port <= _LAST_PORT:
        raise SettingsError(
            f"the report cannot be served on port {report_port}; name another with --report-port"
        )
    _check_port(port)
    prepare_home(settings)
    build_definitions(settings)  # so that a wrong setting is an error here and not in the UI
    console.print(f"Dagster UI: http://127.0.0.1:{port}  (home {settings.home})", soft_wrap=True)
    address = settings.report_url
    if report_port and address == Settings.model_fields["report_url"].default:
        address = serve_beside(
            settings.folders.report, port=report_port, allowed_hosts=settings.allowed_hosts
        )
        console.print(f"Report: {address}", soft_wrap=True)
    command = [sys.executable, "-m", programs.__name__, "--folder", str(_root())]
    command += ["--daemon", DAEMON_MODULE, "--port", str(port)]
    command += [f"--allowed-host={name}" for name in settings.allowed_hosts]
    environment = {
        "DAGSTER_GRPC_TIMEOUT_SECONDS": _ANSWER_SECONDS,
        **os.environ,
        "DAGSTER_HOME": str(settings.folders.dagster),
        "INSIGHT_HOME": str(settings.home),
        "INSIGHT_REPORT_URL": address,
    }
    console.file.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as problem:
            raise SettingsError(
                f"port {port} cannot be used ({problem.strerror}); name another with --port"
            ) from problem


def _root() -> Path:
    """Return the folder that the package is imported from."""
    return Path(insight_dagster.__file__).parents[1]
