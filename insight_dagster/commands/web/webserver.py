"""Dagster's webserver behind the guard, as a program: `python -m` this module.

`insight serve` runs it; a deployment runs it in place of `dagster-webserver`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import uvicorn

from insight_dagster.commands.web.guard import SameOriginGuard
from insight_dagster.orchestration.dagster_internals import webserver_app

_ENDING_SECONDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the Dagster UI until this process is told to end."""
    options = _parser().parse_args(arguments)
    with webserver_app(options.workspace, options.path_prefix) as app:
        uvicorn.run(
            SameOriginGuard(app, options.allowed_host),
            host=options.host,
            port=options.port,
            log_level="warning",
            timeout_graceful_shutdown=_ENDING_SECONDS,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m insight_dagster.commands.web.webserver",
        description="Dagster's webserver, which pages of other sites cannot use. DAGSTER_HOME "
        "names the instance.",
    )
    parser.add_argument("-w", "--workspace", action="append", required=True, metavar="FILE")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=3000, type=int)
    parser.add_argument("--path-prefix", default="", help="path of the UI behind a proxy")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name, without port, under which the UI is reached; may be given more than once",
    )
    return parser


if __name__ == "__main__":
    main()
