"""Printing rows as a table in a terminal, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table


def print_rows(console: Console, rows: Sequence[dict[str, Any]], *, title: str, empty: str) -> None:
    """Print rows as a table whose columns are the first row's keys, or `empty` without rows."""
    if not rows:
        console.print(empty, soft_wrap=True)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name in rows[0]:
        number = all(isinstance(row[name], int | float) for row in rows)
        justify: JustifyMethod = "right" if number else "left"
        table.add_column(str(name), justify=justify, overflow="fold", no_wrap=number)
    for row in rows:
        table.add_row(*(escape(_text(value)) for value in row.values()))
    console.print(table)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output; NaN becomes null."""
    print(json.dumps(_plain(value), indent=2, default=str, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and isnan(value) else value


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}Z"
    return str(value)
