"""The command line `insight`: argument parsing only; what a command does is in `commands/`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from insight_dagster.errors import InsightError
from insight_dagster.settings import load_settings

app = typer.Typer(
    name="insight",
    help="Find out where, why and how a video classifier fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
baseline_app = typer.Typer(help="What later states are held against.", no_args_is_help=True)
classes_app = typer.Typer(help="The classes of a home.", no_args_is_help=True)
app.add_typer(baseline_app, name="baseline")
app.add_typer(classes_app, name="classes")
# A pipe has no width of its own: wide enough there that no table line is broken.
_PIPE_WIDTH = 200
console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)

Home = Annotated[
    Path | None,
    typer.Option(help="Home folder. [env: INSIGHT_HOME; default: ./.insight]", show_default=False),
]
Library = Annotated[
    Path | None,
    typer.Option(help="Clip library. [env: INSIGHT_LIBRARY; default: HOME/library]"),
]
Variant = Annotated[str | None, typer.Option(help="demo, xs, s, m or l. [env: INSIGHT_VARIANT]")]
Weights = Annotated[
    str | None,
    typer.Option(help="pretrained, random, or a checkpoint file. [env: INSIGHT_WEIGHTS]"),
]
Labels = Annotated[
    Path | None, typer.Option(help="Label list of a checkpoint. [env: INSIGHT_LABELS]")
]
Author = Annotated[str | None, typer.Option(help="Who does it; default: the user's login name.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same clips.")]
ClipsPerClass = Annotated[int, typer.Option(min=2, max=5000, help="Clips of every class.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def demo(
    home: Home = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the demo library.")] = 0,
    clips_per_class: ClipsPerClass = 80,
) -> None:
    """Make the demo library, materialize every asset, compare the insights with the truth."""
    from insight_dagster.commands.demo import run_demo

    settings = load_settings(home=home)
    run_demo(settings, seed=seed, clips_per_class=clips_per_class, console=console)


@app.command("demo-library")
def demo_library(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of the library; default: HOME/library.", show_default=False),
    ] = None,
    home: Home = None,
    seed: Seed = 0,
    clips_per_class: ClipsPerClass = 80,
    delivery: Annotated[
        int,
        typer.Option(min=1, max=2, help="2 adds a second delivery to a library that is there."),
    ] = 1,
) -> None:
    """Render the demo library: labelled clips with planted faults and their truth table."""
    from insight_dagster.commands.demo import add_delivery, make_demo_library

    folder = folder or load_settings(home=home).library_folder
    if delivery > 1:
        add_delivery(folder, delivery=delivery, console=console)
    else:
        make_demo_library(folder, seed=seed, clips_per_class=clips_per_class, console=console)


@app.command()
def init(
    home: Home = None,
    library: Library = None,
    variant: Variant = None,
    weights: Weights = None,
    labels: Labels = None,
) -> None:
    """Make a home folder: its settings file, and the settings of its Dagster instance."""
    from insight_dagster.commands.home import initialise

    settings = load_settings(
        home=home, library=library, variant=variant, weights=weights, labels=labels
    )
    initialise(settings, console=console)


@app.command()
def run(
    classes: Annotated[
        list[str] | None, typer.Argument(help="Classes to materialize; default: all.")
    ] = None,
    home: Home = None,
    library: Library = None,
    variant: Variant = None,
    weights: Weights = None,
    labels: Labels = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:1 ... [env: INSIGHT_DEVICE]")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips per forward pass. [env: INSIGHT_BATCH_SIZE]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads of the measuring steps. [env: INSIGHT_WORKERS]")
    ] = None,
) -> None:
    """Materialize classes of a library through Dagster, without the UI."""
    from insight_dagster.commands.pipeline import run_and_report

    settings = load_settings(
        home=home,
        library=library,
        variant=variant,
        weights=weights,
        labels=labels,
        device=device,
        batch_size=batch_size,
        workers=workers,
    )
    run_and_report(settings, classes=classes or (), console=console)


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Classes and assets: rows, verdicts, failed checks and steps, quarantined clips."""
    from insight_dagster.commands.status import show_status

    show_status(load_settings(home=home), as_json=as_json, console=console)


@app.command()
def insights(
    home: Home = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Of this class only.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Of this kind only, e.g. leak."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Insights by severity, with their strongest causes."""
    from insight_dagster.commands.insights import show_insights

    show_insights(
        load_settings(home=home), class_name=class_name, kind=kind, as_json=as_json, console=console
    )


@app.command()
def drift(
    home: Home = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Of this class only.")] = None,
    as_json: AsJson = False,
) -> None:
    """What changed since the baseline: the checks, performance by cause, metadata."""
    from insight_dagster.commands.drift import show_drift

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
    from insight_dagster.commands.drift import promote

    settings = load_settings(home=home)
    promote(settings, author=author, reason=reason, accept=accept or (), console=console)


@baseline_app.command("list")
def baseline_list(home: Home = None, as_json: AsJson = False) -> None:
    """Every baseline that was promoted, the one in use first."""
    from insight_dagster.commands.drift import show_baselines

    show_baselines(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("list")
def classes_list(home: Home = None, as_json: AsJson = False) -> None:
    """Every class of library, partitions and tables."""
    from insight_dagster.commands.classes import show_classes

    show_classes(load_settings(home=home), as_json=as_json, console=console)


@classes_app.command("remove")
def classes_remove(
    name: Annotated[str, typer.Argument(help="A class that has left the library.")],
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a class away: its partition, its rows in every table, its heatmaps."""
    from insight_dagster.commands.classes import remove_class

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
    from insight_dagster.commands.pins import pin as pin_insight

    pin_insight(load_settings(home=home), insight_id, note=note, author=author, console=console)


@app.command()
def unpin(
    insight_id: Annotated[str, typer.Argument(help="A pinned insight's id, or its start.")],
    home: Home = None,
) -> None:
    """Watch an insight no longer."""
    from insight_dagster.commands.pins import unpin as unpin_insight

    unpin_insight(load_settings(home=home), insight_id, console=console)


@app.command()
def pins(home: Home = None, as_json: AsJson = False) -> None:
    """Insights that are watched."""
    from insight_dagster.commands.pins import show_pins

    show_pins(load_settings(home=home), as_json=as_json, console=console)


@app.command()
def clip(
    clip_id: Annotated[str, typer.Argument(help="A clip id, or the start of one.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Everything known about one clip."""
    from insight_dagster.commands.clip import show_clip

    show_clip(load_settings(home=home), clip_id=clip_id, as_json=as_json, console=console)


@app.command()
def report(home: Home = None) -> None:
    """Write the report again from what the tables hold, and print its path."""
    from insight_dagster.commands.pipeline import rewrite_report

    rewrite_report(load_settings(home=home), console=console)


@app.command()
def doctor(home: Home = None) -> None:
    """Check decoders, device, weights and folders; list versions and every setting."""
    from insight_dagster.commands.doctor import examine

    examine(load_settings(home=home), console=console)


@app.command()
def serve(
    home: Home = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI and daemon on the home folder, on loopback."""
    from insight_dagster.commands.serve import serve_home

    serve_home(load_settings(home=home), port=port, console=console)


def main() -> None:
    """Entry point: one clear line and exit code 1 for every error this project raises."""
    try:
        app()
    except InsightError as problem:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(problem))}", soft_wrap=True)
        sys.exit(1)
