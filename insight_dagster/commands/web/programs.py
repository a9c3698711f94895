"""The programs of `insight serve`: code location, webserver and daemon, started and ended together.

`commands.run.serve` replaces itself by this module, which imports little and therefore stays small.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import grpc

from insight_dagster.files.processes.programs import Programs

LOCATION = "insight_dagster.definitions"
_ANSWER_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all programs until SIGINT or SIGTERM, or until one of them ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", help="of the code location")
    parser.add_argument("--daemon", help="module of Dagster's daemon")
    parser.add_argument("--port", help="of the UI")
    parser.add_argument("--allowed-host", action="append", default=[])
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="insight-") as folder:
        try:
            with Programs() as programs:
                _run(programs, Path(folder), options)
        except ChildProcessError as problem:
            sys.exit(f"insight serve: {problem}; the log above may say why")


def _run(programs: Programs, folder: Path, options: argparse.Namespace) -> None:
    """Start all programs and wait; webserver and daemon share the code location."""
    socket, workspace = folder / "code", folder / "workspace.yaml"
    location = {"grpc_server": {"socket": str(socket), "location_name": LOCATION}}
    workspace.write_text(json.dumps({"load_from": [location]}))  # JSON is YAML
    code = ["dagster", "code-server", "start", "-m", LOCATION, "-d", options.folder]
    code += ["--socket", str(socket), "--location-name", LOCATION, "--log-level", "warning"]
    programs.start("code location", [sys.executable, "-m", *code])
    if not programs.wait(lambda: _answers(socket)):
        return
    webserver = ["insight_dagster.commands.web.webserver", "-w", str(workspace)]
    webserver += ["--port", options.port]
    webserver += [f"--allowed-host={name}" for name in options.allowed_host]
    programs.start("webserver", [sys.executable, "-m", *webserver])
    daemon = [options.daemon, "run", "-w", str(workspace)]
    programs.start("daemon", [sys.executable, "-m", *daemon])
    programs.wait()


def _answers(socket: Path) -> bool:
    """Return whether a gRPC server listens on a socket."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_ANSWER_SECONDS)
        except grpc.FutureTimeoutError:
            return False
    return True


if __name__ == "__main__":
    main()
