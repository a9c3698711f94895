"""The command line `insight`: only argument parsing; what a command does is in `commands`."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

import insight_dagster
from insight_dagster.cli import analysis, monitoring, safekeeping
from insight_dagster.commands.console import Console, guard_streams
from insight_dagster.errors import InsightError

app = typer.Typer(
    name="insight",
    help="Find out where, why and how a video classifier fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(analysis.app)
app.add_typer(monitoring.app)
app.add_typer(safekeeping.app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"insight {insight_dagster.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Find out where, why and how a video classifier fails."""


def main() -> None:
    """Run the command line; an error is printed in one line.

    The exit status is 0 for success, 1 for a failure, 2 for a wrong argument or setting, 3 where a
    class does not pass (`--fail-on`), 128 + its number for a signal.
    """
    guard_streams()
    try:
        status = app(prog_name="insight", standalone_mode=False)
    except InsightError as problem:
        _fail(str(problem), problem.exit_status)
    except typer.Abort:
        _fail("aborted", 1)
    except TyperException as problem:
        _fail(_usage(problem), getattr(problem, "exit_code", 2))
    sys.exit(status if isinstance(status, int) else 0)


def _usage(problem: TyperException) -> str:
    """Return what is wrong with the arguments; '' where the help was printed instead."""
    message = getattr(problem, "format_message", problem.__str__)()
    context = getattr(problem, "ctx", None)
    if not message or context is None:
        return message
    return f"{message} (`{context.command_path} --help` says what it takes)"


def _fail(message: str, status: int) -> NoReturn:
    if message:
        Console(stderr=True).labelled("error:", message, style="bold red")
    sys.exit(status)
