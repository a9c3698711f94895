"""Fonts of this machine for labels in pictures, and what is drawn where no font has a character.

Class names come in any script. Choosing fonts belongs here; drawing does not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

_FIRST = "DejaVu Sans"  # comes with matplotlib
_WITH_MORE_SCRIPTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "PingFang SC",
    "Hiragino Sans",
    "Arial Unicode MS",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Symbols 2",
    "Unifont",
)
_UNDRAWN = ("Cf", "Mn", "Cc")
"""Categories of characters that change others or show nothing: joiners, variation selectors, ..."""


@dataclass(frozen=True)
class Font:
    """A font file.

    Attributes:
        family: its name.
        path: its file.
        characters: code points that it can draw.
    """

    family: str
    path: str
    characters: frozenset[int]


@cache
def fonts() -> tuple[Font, ...]:
    """Return the installed fonts that labels are drawn with, in the order of preference."""
    from matplotlib.font_manager import fontManager, get_font

    installed = set(fontManager.get_font_names())
    found = []
    for family in (_FIRST, *_WITH_MORE_SCRIPTS):
        if family in installed:
            path = str(fontManager.findfont(family))
            found.append(Font(family, path, frozenset(get_font(path).get_charmap())))
    return tuple(found)


def drawable(text: str, among: Sequence[Font] | None = None) -> str:
    r"""Return a text of which every character can be drawn: others are escaped, as in `\u98de`.

    Args:
        text: any text.
        among: the fonts that it is drawn with; default: all of `fonts`.
    """
    chosen = fonts() if among is None else among
    return "".join(
        character
        if any(ord(character) in font.characters for font in chosen)
        else _escaped(character)
        for character in text
    )


def font_for(text: str) -> Font:
    """Return the first font that can draw a whole text; the one with most of it if none can."""
    return max(fonts(), key=lambda font: sum(ord(each) in font.characters for each in text))


def _escaped(character: str) -> str:
    if unicodedata.category(character) in _UNDRAWN:
        return ""
    return character.encode("unicode_escape").decode("ascii")
