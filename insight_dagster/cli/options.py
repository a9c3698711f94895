"""Options that several commands share, and the console that all of them print to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from insight_dagster.commands.console import Console
from insight_dagster.settings import Settings
from insight_dagster.tables.status import FailOn

console = Console()


def setting(name: str) -> Any:
    """Return the option that overrides a setting, with the setting's description as help."""
    text = str(Settings.model_fields[name].description)
    return typer.Option(help=f"{text[0].upper()}{text[1:]} (env: INSIGHT_{name.upper()}).")


Home = Annotated[
    Path | None, typer.Option(help="Home folder; default: ./.insight (env: INSIGHT_HOME).")
]
Library = Annotated[Path | None, setting("library")]
Variant = Annotated[str | None, setting("variant")]
Weights = Annotated[str | None, setting("weights")]
Labels = Annotated[Path | None, setting("labels")]
Author = Annotated[str | None, typer.Option(help="Name to record; default: your login name.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same clips.")]
ClipsPerClass = Annotated[int, typer.Option(min=2, max=5000, help="Clips of each class.")]
FailOnOption = Annotated[
    FailOn,
    typer.Option(
        "--fail-on",
        help="Exit with status 3 if a check of severity ERROR failed or a class does not pass "
        "(error), if any check failed (warn), or never.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
