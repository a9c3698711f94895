"""`insight report --serve`: the report over HTTP, for this machine only.

`insight serve` uses the same server beside the Dagster UI.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.web.guard import is_allowed
from insight_dagster.errors import SettingsError, UnavailableError
from insight_dagster.settings import Settings

LOOPBACK = "127.0.0.1"


def serve_report(settings: Settings, *, port: int, console: Console) -> None:
    """Serve the report until it is interrupted.

    Args:
        settings: of the home.
        port: on the loopback interface; 0 takes a free one.
        console: receives the address.

    Raises:
        SettingsError: there is no report yet, or the port cannot be used.
    """
    if not (settings.folders.report / "index.html").is_file():
        raise UnavailableError(
            f"{settings.folders.report} has no report yet; `insight report` writes it"
        )
    folder, names = settings.folders.report, settings.allowed_hosts
    with report_server(folder, port=port, allowed_hosts=names) as server:
        address = f"http://{LOOPBACK}:{server.server_address[1]}/"
        console.print(f"Serving the report at {address} (Ctrl-C ends)", soft_wrap=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("Stopped.")


def report_server(
    folder: Path, *, port: int, allowed_hosts: Sequence[str] = ()
) -> ThreadingHTTPServer:
    """Return a server of a folder's files; the caller runs and closes it.

    Raises:
        SettingsError: the port cannot be used.
    """
    files = partial(_Files, directory=str(folder), allowed_hosts=allowed_hosts)
    try:
        return ThreadingHTTPServer((LOOPBACK, port), files)
    except OSError as problem:
        raise SettingsError(
            f"port {port} cannot be used ({problem.strerror}); name another with --port or "
            "--report-port"
        ) from problem


def serve_beside(folder: Path, *, port: int, allowed_hosts: Sequence[str] = ()) -> str:
    """Serve the report in a process that ends with this one; return its address.

    Raises:
        SettingsError: the port cannot be used.
    """
    report_server(folder, port=port).server_close()
    command = [sys.executable, "-m", __name__, str(folder), str(port), str(os.getpid())]
    command += allowed_hosts
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **pipes)  # noqa: S603
    address = server.stdout.readline().strip() if server.stdout else ""
    if not address:
        raise SettingsError(f"the report cannot be served on port {port}; choose another port")
    return address


def _serve_while(parent: int, folder: Path, port: int, allowed_hosts: Sequence[str]) -> None:
    """Serve a folder until the parent process ends; print the address first."""
    with report_server(folder, port=port, allowed_hosts=allowed_hosts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://{LOOPBACK}:{server.server_address[1]}", flush=True)
        while os.getppid() == parent:
            time.sleep(0.5)


class _Files(SimpleHTTPRequestHandler):
    """Serves files uncached; lists no folder and logs nothing.

    The report's data are scripts, which pages of other sites could load (by DNS rebinding too):
    only pages of the report itself may load its files.
    """

    def __init__(self, *args: Any, allowed_hosts: Sequence[str], **kwargs: Any) -> None:
        self._allowed_hosts = allowed_hosts
        super().__init__(*args, **kwargs)  # answers the request

    def send_head(self) -> Any:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not is_allowed(hosts[0], self._allowed_hosts):
            self.send_error(403, "Forbidden")
            return None
        # By time, a page that was written while the clock was ahead would hide all later ones.
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: str) -> None:  # type: ignore[override]
        del path
        self.send_error(404, "File not found")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    _serve_while(int(sys.argv[3]), Path(sys.argv[1]), int(sys.argv[2]), sys.argv[4:])
