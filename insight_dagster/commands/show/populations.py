"""`insight populations`: the populations and contrasts of a home, with their numbers of clips."""

from __future__ import annotations

from insight_dagster.commands.console import Console
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.pipeline.clip_table import read_filter_columns
from insight_dagster.pipeline.filter_counts import filter_rows
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings


def show_populations(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print every population and contrast with its number of clips, or its error."""
    clips = read_filter_columns(open_database(settings))
    rows = filter_rows(settings, clips)
    if as_json:
        print_json("populations", clips=clips.num_rows, filters=rows)
        return
    columns = ("name", "kind", "clips", "problem", "sql", "description")
    shown = [{name: row[name] for name in columns} for row in rows]
    title = f"Populations and contrasts of {clips.num_rows} clips"
    print_rows(console, shown, title=title, empty="")
