"""`insight serve`: the Dagster UI, daemon and code location of a home, and its report."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import insight_dagster
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import prepare_home
from insight_dagster.commands.run.serve_report import serve_beside
from insight_dagster.definitions import build_definitions
from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings

_MODULE = "insight_dagster.definitions"
_LAST_PORT = 65_535


def serve_home(settings: Settings, *, port: int, report_port: int, console: Console) -> None:
    """Replace this process by `dagster dev`, which then receives its signals and exits for it.

    The report is served beside it, because browsers do not follow a link from the UI to a file;
    not so if the settings say where else it is served (`report_url`).

    Args:
        settings: of the home.
        port: of the UI.
        report_port: of the report; 0 = do not serve it.
        console: receives the addresses.

    Raises:
        SettingsError: the home folder cannot be written, a setting is wrong, or the port of the
            report cannot be used.
    """
    if report_port == port or not 0 <= report_port <= _LAST_PORT:
        raise SettingsError(
            f"the report cannot be served on port {report_port}; name another with --report-port"
        )
    prepare_home(settings)
    build_definitions(settings)  # so that a wrong setting is an error here and not in the UI
    console.print(f"Dagster UI: http://127.0.0.1:{port}  (home {settings.home})", soft_wrap=True)
    address = settings.report_url
    if report_port and address == Settings.model_fields["report_url"].default:
        address = serve_beside(settings.folders.report, port=report_port)
        console.print(f"Report: {address}", soft_wrap=True)
    command = [sys.executable, "-m", "dagster", "dev", "-m", _MODULE, "-d", str(_root())]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.folders.dagster),
        "INSIGHT_HOME": str(settings.home),
        "INSIGHT_REPORT_URL": address,
    }
    console.file.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606


def _root() -> Path:
    """Return the folder that the package is imported from."""
    return Path(insight_dagster.__file__).parents[1]
