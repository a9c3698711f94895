"""Commands that keep what cannot be computed again, and bring a home back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from insight_dagster.cli.options import AsJson, Home, console
from insight_dagster.files.interruption import interruptible
from insight_dagster.settings import load_settings

app = typer.Typer()


@app.command()
@interruptible()
def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A new or empty folder; default: one in HOME/backups, where old ones are deleted.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="List and verify the backups of the home instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a verified copy of what cannot be computed again: ledger, baselines, pins, checks."""
    from insight_dagster.commands.run.safekeeping import make_backup, show_backups

    settings = load_settings(home=home)
    if list_them:
        show_backups(settings, as_json=as_json, console=console)
    else:
        make_backup(settings, folder, as_json=as_json, console=console)


@app.command()
def restore(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[BACKUP]",
            help="A folder that `insight backup` wrote, or a database of another release; default: "
            "the newest backup, or the home's own database if another release wrote it.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Analyse the library afterwards.")
    ] = True,
) -> None:
    """Bring a damaged, lost or older home back; its former database is set aside, not deleted."""
    from insight_dagster.commands.run.local_run import run_and_report
    from insight_dagster.commands.run.safekeeping import restore_home

    settings = load_settings(home=home)
    interruptible("run `insight restore` again")(restore_home)(
        settings, source, run=run, console=console
    )
    if run:
        interruptible("`insight run` continues from here")(run_and_report)(
            settings, classes=(), console=console
        )
