"""Printing rows as a table in a terminal, or a document of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table

from insight_dagster.commands.column_widths import fitting_widths
from insight_dagster.commands.console import Console
from insight_dagster.files.visible_text import visible

JSON_VERSION = 1
"""Version of the documents that `--json` prints; another one when a key changes its meaning."""
_HEADINGS = {
    "class_name": "class",
    "check_name": "check",
    "insight_id": "id",
    "ledger_id": "id",
    "baseline_id": "id",
}
_GAP = 3  # between two columns; rich writes two more before the first and after the last


def print_rows(console: Console, rows: Sequence[dict[str, Any]], *, title: str, empty: str) -> None:
    """Print rows as a table whose columns are the first row's keys, or `empty` without rows.

    Columns come in the order of their importance: those that a narrow terminal has no room for are
    left out from the last on, and named below the table.

    Args:
        console: to print to.
        rows: with the same keys each.
        title: above the table.
        empty: printed if there are no rows.
    """
    if not rows:
        console.print(empty, soft_wrap=True)
        return
    cells = {_heading(name): [visible(_cell(name, row[name])) for row in rows] for name in rows[0]}
    whole = {_heading(name) for name in rows[0] if all(_is_whole(row[name]) for row in rows)}
    numbers = {_heading(name) for name in rows[0] if all(_is_number(row[name]) for row in rows)}
    widths = fitting_widths(cells, whole, room=console.width - 1, gap=_GAP)
    console.print(title, style="italic")
    table = Table(header_style="bold", box=SIMPLE_HEAD)
    for name, width in widths.items():
        justify: JustifyMethod = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, overflow="fold", width=width)
    for index in range(len(rows)):
        table.add_row(*(cells[name][index] for name in widths))
    console.print(table)
    left_out = [name for name in cells if name not in widths]
    if left_out:
        what = f"not shown at {console.width} columns: {', '.join(left_out)}"
        console.print(f"({what}; a wider terminal or --json shows everything)", soft_wrap=True)


def print_json(command: str, **parts: Any) -> None:
    """Print the JSON document of a command on standard output; NaN becomes null.

    Args:
        command: name of the command, for example `baseline list`.
        parts: the document's own keys; `json_documents` declares them.
    """
    document = {"schema_version": JSON_VERSION, "command": command, **parts}
    print(json.dumps(_plain(document), indent=2, default=_json_value, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and isnan(value) else value


def _json_value(value: Any) -> str:
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, datetime) else str(value)


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " "))


def _cell(name: str, value: Any) -> str:
    return "(all)" if name == "class_name" and value == "" else _text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_whole(value: Any) -> bool:
    """Return whether a value is never folded: a number, yes or no, a time, nothing."""
    return value is None or isinstance(value, int | float | datetime)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}Z"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "–"
    return str(value)
