"""Options that several commands take, and the console that all of them print to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

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
