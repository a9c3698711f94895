"""Which columns of a table fit into a terminal, and how wide each is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich.cells import cell_len

_MOST_LINES = 6
_LONGEST_WORD, _NARROWEST_TEXT = 26, 20


def fitting_widths(
    cells: Mapping[str, Sequence[str]], whole: Collection[str], *, room: int, gap: int
) -> dict[str, int]:
    """Return the columns that fit, with their widths in terminal cells.

    A column is left out where the more important ones before it leave no room. The others share
    the room: the widest are folded first.

    Args:
        cells: texts of the rows by column, the most important column first.
        whole: columns whose texts are not folded.
        room: width of the terminal.
        gap: cells that each column takes beside its texts.
    """
    longest = {name: max(map(cell_len, (name, *texts))) for name, texts in cells.items()}
    least = {
        name: longest[name] if name in whole else _folded((name, *texts), longest[name])
        for name, texts in cells.items()
    }
    chosen: list[str] = []
    for name in cells:
        if not chosen or sum(least[each] + gap for each in (*chosen, name)) <= room:
            chosen.append(name)
    return _shared(
        {name: longest[name] for name in chosen},
        {name: min(least[name], max(room - gap, 1)) for name in chosen},
        room=max(room - gap * len(chosen), 1),
    )


def _folded(texts: Sequence[str], longest: int) -> int:
    """Return the width at which texts are still readable: few lines, no word broken."""
    word = max((cell_len(word) for text in texts for word in text.split()), default=1)
    text = min(longest // _MOST_LINES, _NARROWEST_TEXT)
    return min(longest, max(min(word, _LONGEST_WORD), text))


def _shared(longest: Mapping[str, int], least: Mapping[str, int], *, room: int) -> dict[str, int]:
    """Return widths between the least and the longest that together fit into the room."""
    widths = {name: min(longest[name], max(room, least[name])) for name in longest}
    while sum(widths.values()) > room:
        wide = max(widths, key=lambda name: widths[name] - least[name] and widths[name])
        if widths[wide] <= least[wide]:
            break
        widths[wide] -= 1
    return widths
