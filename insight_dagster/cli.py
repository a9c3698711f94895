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
    folder: Annotated[Path, typer.Argument(help="Folder to make; must be empty or absent.")],
    seed: Seed = 0,
    clips_per_class: ClipsPerClass = 80,
) -> None:
    """Render the demo library: labelled clips with planted faults and their truth table."""
    from insight_dagster.commands.demo import make_demo_library

    make_demo_library(folder, seed=seed, clips_per_class=clips_per_class, console=console)


@app.command()
def run(
    classes: Annotated[
        list[str] | None, typer.Argument(help="Classes to materialize; default: all.")
    ] = None,
    home: Home = None,
    library: Library = None,
    variant: Annotated[
        str | None, typer.Option(help="demo, xs, s, m or l. [env: INSIGHT_VARIANT]")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="pretrained, random, or a checkpoint file. [env: INSIGHT_WEIGHTS]"),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Label list of a checkpoint. [env: INSIGHT_LABELS]")
    ] = None,
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
    """Classes and assets: rows, last run, quarantined clips with the reason."""
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
