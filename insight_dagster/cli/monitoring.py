"""Commands for monitoring: drift and baselines, classes, pinned insights."""

from __future__ import annotations

from typing import Annotated

import typer

from insight_dagster.cli.options import (
    AsJson,
    Author,
    FailOnOption,
    Home,
    console,
)
from insight_dagster.files.interruption import interruptible
from insight_dagster.settings import load_settings
from insight_dagster.tables.status import FailOn

app = typer.Typer()
baseline_app = typer.Typer(
    help="List baselines, or make the present state one.", no_args_is_help=True
)
classes_app = typer.Typer(help="List classes, or remove one.", no_args_is_help=True)
app.add_typer(baseline_app, name="baseline")
app.add_typer(classes_app, name="classes")


@app.command()
def drift(
    home: Home = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Only this class.")] = None,
    fail_on: FailOnOption = FailOn.ERROR,
    as_json: AsJson = False,
) -> None:
    """Show what changed since the baseline: checks, performance by cause, metadata."""
    from insight_dagster.commands.show.drift import show_drift

    settings = load_settings(home=home)
    show_drift(settings, class_name=class_name, fail_on=fail_on, as_json=as_json, console=console)


@baseline_app.command("promote")
@interruptible()
def baseline_promote(
    reason: Annotated[str, typer.Option(help="Why the present state becomes the baseline.")],
    home: Home = None,
    author: Author = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A failing check to accept; may be repeated."),
    ] = None,
) -> None:
    """Make the present state the baseline that drift is measured against."""
    from insight_dagster.commands.run.promote import promote

    settings = load_settings(home=home)
    promote(settings, author=author, reason=reason, accept=accept or (), console=console)


@baseline_app.command("list")
def baseline_list(home: Home = None, as_json: AsJson = False) -> None:
    """List every promoted baseline, the one in use first."""
    from insight_dagster.commands.show.drift import show_baselines

    show_baselines(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("list")
def classes_list(home: Home = None, as_json: AsJson = False) -> None:
    """List the classes of the library, the partitions and the tables."""
    from insight_dagster.commands.show.classes import show_classes

    show_classes(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("remove")
@interruptible()
def classes_remove(
    name: Annotated[str, typer.Argument(help="A class that is no longer in the library.")],
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove a class: its partition, its rows in every table, its images."""
    from insight_dagster.commands.show.classes import remove_class

    def confirm(what: str) -> bool:
        return yes or typer.confirm(f"{what}. Continue?")

    remove_class(load_settings(home=home), name, confirm=confirm, console=console)


@app.command()
@interruptible()
def pin(
    insight_id: Annotated[str, typer.Argument(help="An insight's id, or the start of it.")],
    home: Home = None,
    note: Annotated[str, typer.Option(help="Why it is pinned.")] = "",
    author: Author = None,
) -> None:
    """Pin an insight: a check fails when it becomes more severe than it is now."""
    from insight_dagster.commands.show.pins import pin as pin_insight

    pin_insight(load_settings(home=home), insight_id, note=note, author=author, console=console)


@app.command()
@interruptible()
def unpin(
    insight_id: Annotated[str, typer.Argument(help="A pinned insight's id, or the start of it.")],
    home: Home = None,
) -> None:
    """Unpin an insight."""
    from insight_dagster.commands.show.pins import unpin as unpin_insight

    unpin_insight(load_settings(home=home), insight_id, console=console)


@app.command()
def pins(home: Home = None, as_json: AsJson = False) -> None:
    """List pinned insights."""
    from insight_dagster.commands.show.pins import show_pins

    show_pins(load_settings(home=home), as_json=as_json, console=console)
