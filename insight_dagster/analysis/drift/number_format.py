"""Numbers in sentences about drift, written as in statistical reports.

Sentences themselves are in `performance/sentences` and `data/sentences`.
"""

from __future__ import annotations

_SMALLEST_P = 1e-4


def short_number(value: float) -> str:
    """Return a number with two decimals, without a leading zero, e.g. `.84`."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def p_value_text(p_value: float) -> str:
    """Return a p-value as text, e.g. `p = .0004` or `p < .0001`."""
    if p_value < _SMALLEST_P:
        return "p < .0001"
    return "p = " + f"{p_value:.4f}".replace("0.", ".", 1)


def note(reason: str) -> str:
    """Return a remark to append to a sentence; '' if there is none."""
    return f"; {reason}" if reason else ""
