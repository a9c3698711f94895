"""The command line `insight`: argument parsing only; what a command does is in `commands/`."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from insight_dagster.cli import analysing, watching
from insight_dagster.errors import InsightError

app = typer.Typer(
    name="insight",
    help="Find out where, why and how a video classifier fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(analysing.app)
app.add_typer(watching.app)


def main() -> None:
    """Entry point: one clear line and exit code 1 for every error this project raises."""
    try:
        app()
    except InsightError as problem:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(problem))}", soft_wrap=True)
        sys.exit(1)
