"""How well planted slices are found, beside other tools: `python -m benchmarks.insight_quality`.

Every engine is given the same settings (`insight_settings`); for each planted slice its best group
by average precision counts. Peers are tuned on seeds that no figure is taken from. Peers come with
the extra `peers`; Domino needs an interpreter of its own (`--domino-python`).
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from benchmarks.insight_peers import peers
from benchmarks.insight_settings import (
    DIFFICULTY,
    ERROR_KINDS,
    OTHER_KINDS,
    Setting,
    make_setting,
)
from insight_dagster.analysis.insights import Insight, find_insights

OURS = "insight_dagster"
TUNING, REPORTING = 1_000, 0
"""First seeds: of settings that options are chosen on, and of those that figures come from."""
_RECOVERED = 0.5


def average_precision(scores: np.ndarray, planted: np.ndarray) -> float:
    """Average precision of (n,) scores for (n,) bool; equal scores are one step."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(planted, scores)) if planted.any() else float("nan")


def precision_at(scores: np.ndarray, planted: np.ndarray, k: int) -> float:
    """Expected share of planted rows among the k with the largest scores, ties drawn at random."""
    edge = np.sort(scores)[::-1][k - 1]
    above, tied = scores > edge, scores == edge
    return float((planted[above].sum() + planted[tied].mean() * (k - above.sum())) / k)


def recall_at_size(scores: np.ndarray, planted: np.ndarray) -> float:
    """Share of the planted rows among as many rows with the largest scores."""
    return precision_at(scores, planted, int(planted.sum()))


def judge(groups: Sequence[np.ndarray], planted: np.ndarray) -> dict[str, float]:
    """Scores of the group that fits a planted slice best, and its position (-1: no group)."""
    rated = [average_precision(scores, planted) for scores in groups]
    if not rated:
        return {"ap": 0.0, "p10": 0.0, "p25": 0.0, "recall": 0.0, "position": -1}
    best = int(np.argmax(rated))
    scores = groups[best]
    return {
        "ap": rated[best],
        "p10": precision_at(scores, planted, 10),
        "p25": precision_at(scores, planted, 25),
        "recall": recall_at_size(scores, planted),
        "position": best,
    }


def ours(setting: Setting, *, fdr: float = 1.0) -> list[Insight]:
    """Every candidate with its q-value: peers return all their groups as well."""
    return find_insights(
        setting.embeddings,
        setting.labels,
        setting.probabilities,
        metadata=setting.metadata,
        splits=setting.splits,
        fdr=fdr,
    )


def score_setting(
    name: tuple[str, str, int], *, domino: Path | None, options: dict[str, dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """Rows (engine x slice) of one setting.

    Args:
        name: difficulty, kind and seed.
        domino: interpreter that has Domino.
        options: chosen for each peer; None: all that there are, to choose from.
    """
    warnings.simplefilter("ignore")
    setting = make_setting(*name)
    rows = []
    for peer, (call, choices) in peers(domino).items():
        for option in choices if options is None else _defaults_and(choices, options.get(peer)):
            rows += _peer_rows(setting, peer, call, option, default=option == choices[0])
    if options is not None:
        rows += _our_rows(setting)
    return rows


def _defaults_and(choices: list[dict], tuned: dict | None) -> list[dict]:
    return choices[:1] if tuned in (None, choices[0]) else [choices[0], tuned]


def _peer_rows(
    setting: Setting, peer: str, call: Callable[..., Any], option: dict, *, default: bool
) -> list[dict[str, Any]]:
    start = time.perf_counter()
    try:
        groups, problem = call(setting, **option), ""
    except Exception as error:  # whatever a peer does is its result
        groups, problem = [], f"{type(error).__name__}: {error}"[:200]
    facts = {"engine": peer, "options": repr(option), "default": default, "problem": problem}
    return _rows(setting, groups, time.perf_counter() - start, facts)


def _our_rows(setting: Setting) -> list[dict[str, Any]]:
    start = time.perf_counter()
    insights = ours(setting)
    seconds = time.perf_counter() - start
    facts = {"engine": OURS, "options": "{}", "default": True, "problem": ""}
    rows = _rows(setting, [each.scores for each in insights], seconds, facts)
    for row, planted in zip(rows, setting.slices, strict=True):
        if row["position"] >= 0:
            found = insights[row["position"]]
            row["kind_found"], row["q_value"] = found.kind, found.q_value
            first = found.causes[0].field if found.causes else ""
            row["first_cause"] = first in planted.causes
    return rows


def _rows(
    setting: Setting, groups: Sequence[np.ndarray], seconds: float, facts: dict[str, Any]
) -> list[dict[str, Any]]:
    rows = []
    for planted in setting.slices:
        inside = np.zeros(len(setting.labels), bool)
        inside[planted.rows] = True
        rows.append({
            **facts, "setting": setting.name, "difficulty": setting.difficulty,
            "kind": planted.kind, "seconds": seconds, **judge(groups, inside),
        })  # fmt: skip
    return rows


def null_run(seed: int) -> dict[str, Any]:
    """Insights at the defaults where nothing is planted."""
    warnings.simplefilter("ignore")
    setting = make_setting("medium", "null", REPORTING + seed)
    found = ours(setting, fdr=0.05)
    return {"seed": seed, "insights": [(each.kind, each.severity) for each in found]}


def choose(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Options of each peer with the largest mean average precision on the tuning settings."""
    errors = rows[rows["kind"].isin(ERROR_KINDS)]
    means = errors.groupby(["engine", "options"])["ap"].mean().reset_index()
    best = means.loc[means.groupby("engine")["ap"].idxmax()]
    return dict(zip(best["engine"], best["options"], strict=True))


def settings(first: int, *, errors: int, others: int) -> list[tuple[str, str, int]]:
    """Names of settings: so many seeds of each error kind and of each other kind."""
    return [
        (difficulty, kind, first + seed)
        for difficulty in DIFFICULTY
        for kinds, count in ((ERROR_KINDS, errors), (OTHER_KINDS, others))
        for kind in kinds
        for seed in range(count)
    ]


def summary(rows: pd.DataFrame, nulls: list[dict[str, Any]]) -> str:
    """Tables for people: by difficulty over error slices, by kind, causes, nulls."""
    rows = rows.assign(
        engine=rows["engine"] + np.where(rows["default"], "", " (tuned)"),
        failed=rows["problem"] != "",
    )
    errors = rows[rows["kind"].isin(ERROR_KINDS)]
    lines = ["| engine | " + " | ".join(DIFFICULTY) + " | s |", "|---|" + "---|" * 4]
    means = errors.groupby(["engine", "difficulty"])[["ap", "p10", "p25", "recall"]].mean()
    order = means["ap"].groupby("engine").mean().sort_values(ascending=False).index
    for engine in order:
        cells = [
            " / ".join(f"{means.loc[(engine, d), m]:.2f}" for m in ("ap", "p10", "p25", "recall"))
            for d in DIFFICULTY
        ]
        seconds = rows.loc[rows["engine"] == engine, "seconds"].median()
        lines.append(f"| {engine} | " + " | ".join(cells) + f" | {seconds:.1f} |")
    lines += ["", "| engine | " + " | ".join((*ERROR_KINDS, *OTHER_KINDS)) + " |"]
    lines.append("|---|" + "---|" * 5)
    kinds = rows.groupby(["engine", "kind"])["ap"].mean()
    for engine in order:
        cells = [
            f"{kinds.get((engine, k), float('nan')):.2f}" for k in (*ERROR_KINDS, *OTHER_KINDS)
        ]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    own = errors[(errors["engine"] == OURS) & (errors["ap"] >= _RECOVERED)]
    alarms = sum(bool(each["insights"]) for each in nulls)
    lines += [
        "",
        f"First cause is a planted one in {own['first_cause'].astype(bool).mean():.0%} of "
        f"{len(own)} recovered error slices.",
        f"Recovered slices confirmed at q <= .05: {(own['q_value'] <= 0.05).mean():.0%}.",
        f"Runs with nothing planted that raised an insight: {alarms} of {len(nulls)}.",
        *(f"Not run: {e}: {p}" for e, p in _problems(rows)),
    ]
    return "\n".join(lines)


def _problems(rows: pd.DataFrame) -> list[tuple[str, str]]:
    failed = rows[rows["failed"]].drop_duplicates("engine")
    return list(zip(failed["engine"], failed["problem"], strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune the peers, score every engine, run the nulls, print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.insight_quality", description=__doc__
    )
    parser.add_argument("--quick", action="store_true", help="fewer settings: under ten minutes")
    parser.add_argument("--json", type=Path, help="write all rows to this file")
    parser.add_argument("--domino-python", type=Path, help="interpreter that has domino 0.1.5")
    parser.add_argument("--tuning", action="store_true", help="score on the tuning seeds instead")
    options = parser.parse_args(arguments)
    errors, others, nulls = (2, 1, 10) if options.quick else (8, 5, 60)
    first = TUNING + 100 if options.tuning else REPORTING
    with ProcessPoolExecutor(2) as pool:
        trial = partial(score_setting, domino=options.domino_python, options=None)
        tuning = settings(TUNING, errors=1 if options.quick else 2, others=0)
        tuned = choose(pd.DataFrame(chain.from_iterable(pool.map(trial, tuning))))
        known = {
            name: next(o for o in choices if repr(o) == tuned[name])
            for name, (_, choices) in peers(options.domino_python).items()
            if name in tuned
        }
        score = partial(score_setting, domino=options.domino_python, options=known)
        names = settings(first, errors=errors, others=others)
        rows = pd.DataFrame(chain.from_iterable(pool.map(score, names)))
        alarms = list(pool.map(null_run, range(nulls)))
    print(summary(rows, alarms))
    if options.json:
        payload = {"rows": rows.to_dict("records"), "nulls": alarms, "tuned": tuned}
        options.json.write_text(json.dumps(payload, indent=1, default=float) + "\n", "utf-8")


if __name__ == "__main__":
    main()
