"""Tables for people of what `insight_quality` measured.

Aggregating and printing rows belong here; making them does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.insight_library import FAULTS, LIBRARY
from benchmarks.insight_settings import DIFFICULTY, ERROR_KINDS, OTHER_KINDS

OURS = "insight_dagster"
RECOVERED = 0.5
"""Average precision from which on a slice counts as found."""
CONFIRMED = 0.05
"""Largest q-value of a confirmed insight."""


def summary(rows: pd.DataFrame, nulls: list[dict[str, Any]]) -> str:
    """Tables for people: by difficulty over error slices, by kind, by fault, causes, nulls."""
    rows = rows.assign(
        engine=rows["engine"] + np.where(rows["default"], "", " (tuned)"),
        failed=rows["problem"] != "",
    )
    made = rows[rows["difficulty"] != LIBRARY]
    errors = made[made["kind"].isin(ERROR_KINDS)]
    seconds = errors.groupby("engine")["seconds"].median()
    by_difficulty = _table(errors, "difficulty", tuple(DIFFICULTY), ("ap", "p10", "p25", "recall"))
    lines = [f"{line} {_last(line, seconds)} |" for line in by_difficulty]
    lines += ["", *_table(made, "kind", (*ERROR_KINDS, *OTHER_KINDS), ("ap",))]
    lines += ["", *_table(rows[rows["difficulty"] == LIBRARY], "kind", FAULTS, ("ap", "p10"))]
    own = errors[(errors["engine"] == OURS) & (errors["ap"] >= RECOVERED)]
    alarms = sum(bool(each["insights"]) for each in nulls)
    lines += [
        "",
        f"First cause is a planted one in {own['first_cause'].astype(bool).mean():.0%} of "
        f"{len(own)} recovered error slices.",
        f"With q <= .05: {own['confirmed'].astype(bool).mean():.0%} of these.",
        f"Runs with nothing planted that raised an insight: {alarms} of {len(nulls)}.",
        *(f"Not run: {e}: {p}" for e, p in _problems(rows)),
    ]
    return "\n".join(lines)


def _table(
    rows: pd.DataFrame, column: str, values: Sequence[str], measures: Sequence[str]
) -> list[str]:
    """A Markdown table of means: engines, the best first, by the values of a column."""
    means = rows.groupby(["engine", column])[list(measures)].mean()
    order = means["ap"].groupby("engine").mean().sort_values(ascending=False).index
    lines = [f"| engine | {' | '.join(values)} |", "|---|" + "---|" * len(values)]
    for engine in order:
        cells = [
            " / ".join(f"{means[m].get((engine, value), float('nan')):.2f}" for m in measures)
            for value in values
        ]
        lines.append(f"| {engine} | {' | '.join(cells)} |")
    return lines


def _last(line: str, seconds: pd.Series) -> str:
    """The cell that a line of the first table ends with: the engine's median seconds."""
    engine = line.split("|")[1].strip()
    if engine == "engine":
        return "s"
    return "---" if engine.startswith("---") else f"{seconds[engine]:.1f}"


def _problems(rows: pd.DataFrame) -> list[tuple[str, str]]:
    failed = rows[rows["failed"]].drop_duplicates("engine")
    return list(zip(failed["engine"], failed["problem"], strict=True))
