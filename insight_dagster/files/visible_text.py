"""Text from outside, such as file names and error messages of libraries, as it may be shown.

Belongs here: which characters are escaped, and how. Does not: the places where text leaves the
program (`commands.console`, `errors`, `export.table_files`, `analysis.checks.outcome`).
"""

from __future__ import annotations

import re
import unicodedata

# Control characters, format characters (bidirectional overrides, zero-width characters),
# surrogates, private use, unassigned, separators of lines and paragraphs.
_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that take no space either (Unicode's property Default_Ignorable_Code_Point).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""Return a text in which every character that controls or hides something is escaped.

    Escapes are those of Python: `\n`, `\x1b`, `\u202e`. A text without such characters is returned
    unchanged, a backslash too, so that a text may be made visible twice.

    Args:
        text: any text, with newlines and undecodable bytes of file names (lone surrogates) too.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def visible_lines(text: str) -> str:
    """Return a text of several lines, each made visible; only its newlines are kept."""
    return "\n".join(map(visible, text.split("\n")))


def _shown(char: str) -> str:
    if unicodedata.category(char) not in _ESCAPED and not _INVISIBLE.match(char):
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
