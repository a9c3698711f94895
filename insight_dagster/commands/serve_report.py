"""`insight report --serve`: the report folder over HTTP, for this machine alone."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rich.console import Console

from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings

LOOPBACK = "127.0.0.1"


def serve_report(settings: Settings, *, port: int, console: Console) -> None:
    """Serve the report until the user stops it.

    Args:
        settings: of the home.
        port: on the loopback interface; 0 takes a free one.
        console: is told the address.

    Raises:
        SettingsError: there is no report yet, or the port is taken.
    """
    if not (settings.report_folder / "index.html").is_file():
        raise SettingsError(
            f"{settings.report_folder} has no report yet; `insight report` makes it"
        )
    with report_server(settings.report_folder, port=port) as server:
        address = f"http://{LOOPBACK}:{server.server_address[1]}/"
        console.print(f"Serving the report at {address} (Ctrl-C ends)", soft_wrap=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("Stopped.")


def report_server(folder: Path, *, port: int) -> ThreadingHTTPServer:
    """A server of a folder's files; the caller runs and closes it.

    Raises:
        SettingsError: the port is taken.
    """
    try:
        return ThreadingHTTPServer((LOOPBACK, port), partial(_Files, directory=str(folder)))
    except OSError as problem:
        raise SettingsError(
            f"port {port} cannot be used ({problem.strerror}); name another with --port"
        ) from problem


class _Files(SimpleHTTPRequestHandler):
    """Files as they are now, without a list of folders and without a word on the terminal."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: str) -> None:  # type: ignore[override]
        del path
        self.send_error(404, "File not found")

    def log_message(self, *_: object) -> None:
        """Nothing."""
