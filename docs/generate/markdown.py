"""Markdown that the reference pages are written in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; line breaks and bars inside cells are escaped."""
    lines = [header, ["---"] * len(header), *([_cell(each) for each in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(value: object) -> str:
    """Return the value as inline code."""
    return f"`{value}`"


def escaped(text: str) -> str:
    """Return plain text that Markdown shows as it is: placeholders such as <home> included."""
    return re.sub(r"([*_\[\]])", r"\\\1", html.escape(text, quote=False))


def page(title: str, introduction: str, *sections: str) -> str:
    """Return a page: its title, a paragraph that says what is on it, and its sections."""
    return "\n\n".join([f"# {title}", introduction, *sections]).rstrip() + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
