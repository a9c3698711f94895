"""Commands that watch: drift and baselines, classes, pinned insights."""

from __future__ import annotations

from typing import Annotated

import typer

from insight_dagster.cli.options import (
    AsJson,
    Author,
    Home,
    console,
)
from insight_dagster.settings import load_settings

app = typer.Typer()
baseline_app = typer.Typer(help="What later states are held against.", no_args_is_help=True)
classes_app = typer.Typer(help="The classes of a home.", no_args_is_help=True)
app.add_typer(baseline_app, name="baseline")
app.add_typer(classes_app, name="classes")


@app.command()
def drift(
    home: Home = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Of this class only.")] = None,
    as_json: AsJson = False,
) -> None:
    """What changed since the baseline: the checks, performance by cause, metadata."""
    from insight_dagster.commands.show.drift import show_drift

    show_drift(load_settings(home=home), class_name=class_name, as_json=as_json, console=console)


@baseline_app.command("promote")
def baseline_promote(
    reason: Annotated[str, typer.Option(help="Why the present state is what counts from now on.")],
    home: Home = None,
    author: Author = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A failing check that is accepted; may be given several times."),
    ] = None,
) -> None:
    """Make the present state the baseline that drift is measured against."""
    from insight_dagster.commands.run.promote import promote

    settings = load_settings(home=home)
    promote(settings, author=author, reason=reason, accept=accept or (), console=console)


@baseline_app.command("list")
def baseline_list(home: Home = None, as_json: AsJson = False) -> None:
    """Every baseline that was promoted, the one in use first."""
    from insight_dagster.commands.show.drift import show_baselines

    show_baselines(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("list")
def classes_list(home: Home = None, as_json: AsJson = False) -> None:
    """Every class of library, partitions and tables."""
    from insight_dagster.commands.show.classes import show_classes

    show_classes(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("remove")
def classes_remove(
    name: Annotated[str, typer.Argument(help="A class that has left the library.")],
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a class away: its partition, its rows in every table, its pictures."""
    from insight_dagster.commands.show.classes import remove_class

    def confirm(what: str) -> bool:
        return yes or typer.confirm(f"{what}. Go on?")

    remove_class(load_settings(home=home), name, confirm=confirm, console=console)


@app.command()
def pin(
    insight_id: Annotated[str, typer.Argument(help="An insight's id, or the start of one.")],
    home: Home = None,
    note: Annotated[str, typer.Option(help="Why it is watched.")] = "",
    author: Author = None,
) -> None:
    """Watch an insight: its check fails when it becomes more severe than it is now."""
    from insight_dagster.commands.show.pins import pin as pin_insight

    pin_insight(load_settings(home=home), insight_id, note=note, author=author, console=console)


@app.command()
def unpin(
    insight_id: Annotated[str, typer.Argument(help="A pinned insight's id, or its start.")],
    home: Home = None,
) -> None:
    """Watch an insight no longer."""
    from insight_dagster.commands.show.pins import unpin as unpin_insight

    unpin_insight(load_settings(home=home), insight_id, console=console)


@app.command()
def pins(home: Home = None, as_json: AsJson = False) -> None:
    """Insights that are watched."""
    from insight_dagster.commands.show.pins import show_pins

    show_pins(load_settings(home=home), as_json=as_json, console=console)
