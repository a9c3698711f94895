"""Readable tables of what `insight_quality` measured.

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
    """Return readable tables: by difficulty, by kind, by fault, of causes and of nulls.

    An engine's failures are left out of its means and counted below the tables.
    """
    rows = rows.assign(engine=rows["engine"] + np.where(rows["default"], "", " (tuned)"))
    made = rows[rows["difficulty"] != LIBRARY]
    errors = made[made["kind"].isin(ERROR_KINDS)]
    means = _table(errors, "difficulty", tuple(DIFFICULTY), ("ap", "p10", "p25", "recall"))
    engines = errors.groupby("engine")
    lines = _with_columns(
        means,
        {
            "AP of the first 25": engines["first"].mean().map("{:.2f}".format),
            "groups": engines["groups"].median().map("{:.0f}".format),
            "s": engines["seconds"].median().map("{:.1f}".format),
        },
    )
    lines += ["", *_table(made, "kind", (*ERROR_KINDS, *OTHER_KINDS), ("ap",))]
    lines += ["", *_table(rows[rows["difficulty"] == LIBRARY], "kind", FAULTS, ("ap", "p10"))]
    own = errors[(errors["engine"] == OURS) & (errors["ap"] >= RECOVERED)]
    alarms = sum(bool(each["insights"]) for each in nulls)
    lines += [
        "",
        f"First cause has q <= .05 and is a planted one in "
        f"{own['first_cause'].astype(bool).mean():.0%} of {len(own)} recovered error slices.",
        f"With q <= .05: {own['confirmed'].astype(bool).mean():.0%} of these.",
        f"Runs with nothing planted that raised an insight: {alarms} of {len(nulls)}.",
        *_failures(rows),
    ]
    return "\n".join(lines)


def _table(
    rows: pd.DataFrame, column: str, values: Sequence[str], measures: Sequence[str]
) -> list[str]:
    """Return a Markdown table of means: engines, the best first, by the values of a column."""
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


def _with_columns(lines: list[str], columns: dict[str, pd.Series]) -> list[str]:
    """Return a Markdown table of engines with further columns, (engine,) str each."""
    out = [f"{lines[0]} {' | '.join(columns)} |", lines[1] + "---|" * len(columns)]
    for line in lines[2:]:
        engine = line.split("|")[1].strip()
        out.append(f"{line} {' | '.join(each[engine] for each in columns.values())} |")
    return out


def _failures(rows: pd.DataFrame) -> list[str]:
    """Return a line for every engine that failed: number of settings, and the first reason."""
    lines = []
    for engine, own in rows.groupby("engine"):
        failed = own[own["problem"] != ""]
        if len(failed):
            share = f"{failed['setting'].nunique()} of {own['setting'].nunique()} settings"
            lines.append(f"{engine} failed on {share}: {failed['problem'].iloc[0]}")
    return lines
