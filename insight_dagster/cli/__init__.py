"""The command line `insight`: only argument parsing; what a command does is in `commands`."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from insight_dagster.cli import analysis, monitoring
from insight_dagster.errors import InsightError
from insight_dagster.files.interruption import end_on_signals

app = typer.Typer(
    name="insight",
    help="Find out where, why and how a video classifier fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(analysis.app)
app.add_typer(monitoring.app)


def main() -> None:
    """Run the command line; an `InsightError` is printed in one line and exits with code 1."""
    end_on_signals()
    try:
        app()
    except InsightError as problem:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(problem))}", soft_wrap=True)
        sys.exit(1)
