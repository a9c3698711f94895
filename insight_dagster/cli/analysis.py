"""Commands that analyse clips and show the results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from insight_dagster.cli.options import (
    AsJson,
    ClipsPerClass,
    FailOnOption,
    Home,
    Labels,
    Library,
    Seed,
    Variant,
    Weights,
    console,
    setting,
)
from insight_dagster.files.interruption import interruptible, restore_default_signals
from insight_dagster.settings import load_settings
from insight_dagster.tables.status import FailOn

app = typer.Typer()


@app.command()
@interruptible("`insight demo` continues from here")
def demo(
    home: Home = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the demo library.")] = 0,
    clips_per_class: ClipsPerClass = 80,
) -> None:
    """Create the demo library, materialize every asset and compare the insights with the truth."""
    from insight_dagster.commands.run.demo import run_demo

    settings = load_settings(home=home)
    run_demo(settings, seed=seed, clips_per_class=clips_per_class, console=console)


@app.command("demo-library")
@interruptible()
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
        typer.Option(min=1, max=2, help="2 adds a second delivery to an existing library."),
    ] = 1,
) -> None:
    """Render the demo library: labelled clips with planted faults, and a table of the faults."""
    from insight_dagster.commands.run.demo import add_delivery, make_demo_library

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
    """Create a home folder with its settings file and the settings of its Dagster instance."""
    from insight_dagster.commands.home import initialise

    settings = load_settings(
        home=home, library=library, variant=variant, weights=weights, labels=labels
    )
    initialise(settings, console=console)


@app.command()
@interruptible("`insight run` continues from here")
def run(
    classes: Annotated[
        list[str] | None, typer.Argument(help="Classes to materialize; default: all.")
    ] = None,
    home: Home = None,
    library: Library = None,
    variant: Variant = None,
    weights: Weights = None,
    labels: Labels = None,
    device: Annotated[str | None, setting("device")] = None,
    batch_size: Annotated[int | None, setting("batch_size")] = None,
    workers: Annotated[int | None, setting("workers")] = None,
    fail_on: FailOnOption = FailOn.ERROR,
) -> None:
    """Materialize the assets of some or all classes, without the Dagster UI."""
    from insight_dagster.commands.run.local_run import run_and_report

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
    run_and_report(settings, classes=classes or (), fail_on=fail_on, console=console)


@app.command()
def status(
    home: Home = None, fail_on: FailOnOption = FailOn.ERROR, as_json: AsJson = False
) -> None:
    """Show classes and assets: rows, verdicts, failed checks and steps, quarantined clips."""
    from insight_dagster.commands.show.status import show_status

    show_status(load_settings(home=home), fail_on=fail_on, as_json=as_json, console=console)


@app.command()
def insights(
    insight_id: Annotated[
        str | None,
        typer.Argument(help="Only insights whose id begins with this."),
    ] = None,
    home: Home = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Only this class.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only this kind, e.g. leak."),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="How the insights changed over the runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show insights by severity with their strongest causes, or with --history their changes."""
    from insight_dagster.commands.show.insights import Choice, show_history, show_insights

    show = show_history if history else show_insights
    choice = Choice(insight_id, class_name, kind)
    show(load_settings(home=home), choice, as_json=as_json, console=console)


@app.command()
@interruptible()
def actions(
    insight_id: Annotated[str, typer.Argument(help="An insight's id, or the start of it.")],
    home: Home = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the steps to this .csv or .parquet file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what to do about an insight, clip by clip, and the expected effect."""
    from insight_dagster.commands.show.actions import show_actions

    show_actions(load_settings(home=home), insight_id, out=out, as_json=as_json, console=console)


@app.command()
@interruptible()
def export(
    file_format: Annotated[
        str, typer.Argument(metavar="FORMAT", help="parquet, csv, embedding-atlas or fiftyone.")
    ],
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    home: Home = None,
    copy_media: Annotated[
        bool,
        typer.Option("--copy-media", help="fiftyone: copy the videos instead of their paths."),
    ] = False,
) -> None:
    """Export clips, measurements, predictions and insights as files for other programs."""
    from insight_dagster.commands.run.export import export_home

    export_home(
        load_settings(home=home), file_format, folder, console=console, copy_media=copy_media
    )


@app.command()
@interruptible()
def power(
    home: Home = None,
    trials: Annotated[int, typer.Option(min=5, help="Trials for each group size and excess.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Estimate the smallest failing group that would be found in this home, by simulation."""
    from insight_dagster.commands.show.power import show_power

    show_power(load_settings(home=home), trials=trials, as_json=as_json, console=console)


@app.command()
def populations(home: Home = None, as_json: AsJson = False) -> None:
    """List the sets of clips that are searched for insights, with their numbers of clips."""
    from insight_dagster.commands.show.populations import show_populations

    show_populations(load_settings(home=home), as_json=as_json, console=console)


@app.command()
def clip(
    clip: Annotated[
        str,
        typer.Argument(
            help="A clip's id or the start of it, or its file: absolute, relative to the library, "
            "or the file's name alone."
        ),
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show everything known about one clip."""
    from insight_dagster.commands.show.clip import show_clip

    show_clip(load_settings(home=home), clip=clip, as_json=as_json, console=console)


@app.command()
def report(
    home: Home = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it on this machine until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for --serve; 0 chooses a free one.")
    ] = 3001,
    fail_on: FailOnOption = FailOn.ERROR,
) -> None:
    """Rewrite the report from the tables and print its location."""
    from insight_dagster.commands.run.local_run import rewrite_report
    from insight_dagster.commands.run.serve_report import serve_report

    settings = load_settings(home=home)
    if serve:
        restore_default_signals()
        serve_report(settings, port=port, console=console)
    else:
        interruptible()(rewrite_report)(settings, fail_on=fail_on, console=console)


@app.command()
@interruptible()
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Check decoders, device, weights and folders; list versions and every setting."""
    from insight_dagster.commands.run.doctor import examine

    examine(load_settings(home=home), as_json=as_json, console=console)


@app.command()
def serve(
    home: Home = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    report_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the report, 0 for none; default: --port + 1."),
    ] = None,
) -> None:
    """Serve the Dagster UI and the report on 127.0.0.1, and run the Dagster daemon."""
    from insight_dagster.commands.run.serve import serve_home

    restore_default_signals()
    beside = port + 1 if report_port is None else report_port
    serve_home(load_settings(home=home), port=port, report_port=beside, console=console)
