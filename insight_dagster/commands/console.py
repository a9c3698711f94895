"""The console that every command prints to, and the streams that everything else prints to.

Names of files and classes, SQL and error messages of libraries may hold escape sequences, markup
and line breaks. What is printed here is one line for each text, in which such characters are shown
escaped; styles come from code alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any, TextIO, cast

from rich import console as rich_console
from rich.text import Text

from insight_dagster.files.visible_text import visible, visible_lines

# A pipe has no width: no row is folded and no column left out, unless COLUMNS says otherwise.
_UNLIMITED = 100_000


class Console(rich_console.Console):
    """A console that shows every text as it is: escaped, without markup.

    Args:
        options: those of rich's console; `stderr`, `quiet` or `width`, for example.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "markup": False, "emoji": False, "highlight": False})
        self._width = options.get("width")  # not COLUMNS of now: `size` asks each time

    @property
    def file(self) -> Any:
        """The stream that is printed to, without the gate that other output passes."""
        stream = super().file
        return stream.unguarded if isinstance(stream, GuardedStream) else stream

    @file.setter
    def file(self, stream: Any) -> None:
        self._file = stream

    @property
    def size(self) -> rich_console.ConsoleDimensions:
        """The terminal's size; of COLUMNS, if it is set; unlimited in a pipe."""
        found = super().size
        asked = self._width is not None or os.environ.get("COLUMNS", "").isdigit()
        if asked or self.file.isatty():
            return found
        return rich_console.ConsoleDimensions(_UNLIMITED, found.height)

    @size.setter
    def size(self, chosen: tuple[int, int]) -> None:
        self._width, self._height = chosen

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text as it is printed; rich calls this for every string, in tables too."""
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})

    def labelled(self, label: str, text: str, *, style: str) -> None:
        """Print a text in one line behind a label that has a style.

        Args:
            label: for example `error:`.
            text: any text.
            style: of the label, as rich spells it.
        """
        self.print(Text.assemble((label, style), " ", visible(text)), soft_wrap=True)


class GuardedStream:
    """A stream of text in which all control characters but newlines are escaped.

    Python writes tracebacks and warnings to it, libraries their messages.

    Args:
        stream: where the text is written to.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream

    def write(self, text: str) -> int:
        """Write a text with its control characters escaped."""
        self.unguarded.write(visible_lines(text))
        return len(text)

    def writelines(self, texts: Iterable[str]) -> None:
        """Write several texts with their control characters escaped."""
        for text in texts:
            self.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


def guard_streams() -> None:
    """Escape what is written to standard error without a `Console`.

    A character that the encoding of the output does not have is escaped too, instead of an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, GuardedStream):
        sys.stderr = cast(TextIO, GuardedStream(sys.stderr))
