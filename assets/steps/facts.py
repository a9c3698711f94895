"""Facts as the Dagster UI shows them: numbers rounded, and plotted only where a plot makes sense.

The UI draws every numeric value over time and knows no classes: the values of an asset or check
with a result for each class would make a zigzag through all of them. So `class_facts` are texts and
only `shared_facts` are numbers. Tables keep full precision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DIGITS = 3
NONE = "none"


def shared_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts about all classes together, which the UI may plot over time."""
    return {name: _shown(value) for name, value in facts.items()}


def class_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts about one class, whose numbers are texts, so that the UI plots none of them."""
    return {
        name: str(value) if _is_number(value) else value
        for name, value in shared_facts(facts).items()
    }


def rounded(value: float) -> float:
    """Return a number with three significant digits; digits before the point are all kept."""
    if not math.isfinite(value) or value == 0:
        return value
    before_the_point = math.floor(math.log10(abs(value))) + 1
    return round(value, max(0, DIGITS - before_the_point))


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else "not a number"
    if isinstance(value, Mapping):
        return {str(name): _inside(each) for name, each in value.items()} or NONE
    if isinstance(value, list | tuple):
        return [_inside(each) for each in value] or NONE
    if isinstance(value, str):
        return str(value)  # Dagster cannot store a member of an enum
    return NONE if value is None else value


def _inside(value: Any) -> Any:
    """Return a value within a list or a table, where empty ones are clear by themselves."""
    return value if value is None or value in ([], (), {}) else _shown(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
