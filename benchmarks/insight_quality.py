"""Planted slices found, compared with other tools: `python -m benchmarks.insight_quality`.

Every engine gets the same settings (`insight_settings`); for each planted slice, its best group by
average precision counts. Peers are tuned on other seeds than the reported ones. They are installed
with the extra `peers`; Domino needs its own interpreter (`--domino-python`).
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
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.insight_library import ERROR_FAULTS, LIBRARY, library_setting
from benchmarks.insight_peers import by_class, peers, reduced
from benchmarks.insight_quality_tables import CONFIRMED, OURS, RECOVERED, summary
from benchmarks.insight_settings import (
    DIFFICULTY,
    ERROR_KINDS,
    OTHER_KINDS,
    Setting,
    make_setting,
)
from insight_dagster.analysis.insights import Insight, find_insights

TUNING, REPORTING = 1_000, 0
"""First seeds of the settings that options are chosen on, and of those that are reported."""
LIBRARY_TUNING, LIBRARY_REPORTING = 0, 5
"""The same for demo libraries: the demo's thresholds were tuned on seeds 0-4."""
MIXTURE = "mixture"
_LISTS = (("mislabeled",), ("duplicate",), ("leak",), ("duplicate", "leak"))
"""Kinds that are found class by class; most tools do not look at splits of copies."""
FIRST_GROUPS = 25
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""How the two processes start: numba hangs in forked ones."""
_MEASURES = ("ap", "first", "p10", "p25", "recall")
Name = tuple[str, str, int]
"""Difficulty, kind and seed of a setting."""
Options = dict[str, dict[str, Any]]
"""The chosen options of each peer."""


def average_precision(scores: np.ndarray, planted: np.ndarray) -> float:
    """Return the average precision of (n,) scores for (n,) bool; equal scores are one step."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(planted, scores)) if planted.any() else float("nan")


def precision_at(scores: np.ndarray, planted: np.ndarray, k: int) -> float:
    """Return the expected share of planted rows among the k largest scores, ties at random."""
    edge = np.sort(scores)[::-1][k - 1]
    above, tied = scores > edge, scores == edge
    return float((planted[above].sum() + planted[tied].mean() * (k - above.sum())) / k)


def recall_at_size(scores: np.ndarray, planted: np.ndarray) -> float:
    """Return the share of the planted rows among as many rows with the largest scores."""
    return precision_at(scores, planted, int(planted.sum()))


def score_groups(groups: Sequence[np.ndarray], planted: np.ndarray) -> dict[str, float]:
    """Score the group that fits a planted slice best, with its position (-1: no group).

    `first` is the average precision of the best of the first 25 groups.
    """
    rated = [average_precision(scores, planted) for scores in groups]
    if not rated:
        return dict.fromkeys(_MEASURES, 0.0) | {"position": -1}
    best = int(np.argmax(rated))
    scores = groups[best]
    return {
        "ap": rated[best],
        "first": max(rated[:FIRST_GROUPS]),
        "p10": precision_at(scores, planted, 10),
        "p25": precision_at(scores, planted, 25),
        "recall": recall_at_size(scores, planted),
        "position": best,
    }


def ours(setting: Setting, *, fdr: float = 1.0) -> list[Insight]:
    """Find every candidate with its q-value, as peers return all their groups as well."""
    return find_insights(
        setting.embeddings,
        setting.labels,
        setting.probabilities,
        metadata=setting.metadata,
        splits=setting.splits,
        fdr=fdr,
    )


def score_setting(
    name: Name, *, domino: Path | None, tuned: dict[str, Options] | None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the rows (engine x slice) of one setting.

    Args:
        name: of the setting.
        domino: interpreter that has Domino.
        tuned: chosen options by family of settings; None: all that there are, to choose from.
        most: of these at most so many.
    """
    warnings.simplefilter("ignore")
    setting = library_setting(name[2]) if name[0] == LIBRARY else make_setting(*name)
    options = None if tuned is None else tuned[_family(name[0])]
    reduced(setting)  # computed once, outside the measured time
    rows = []
    for peer, (call, choices) in peers(domino).items():
        for option in (
            choices[:most] if options is None else _defaults_and(choices, options.get(peer))
        ):
            rows += _peer_rows(setting, peer, call, option, default=option == choices[0])
    if options is not None:
        rows += _our_rows(setting)
    return rows


def _family(difficulty: str) -> str:
    return LIBRARY if difficulty == LIBRARY else MIXTURE


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
    groups = [each.scores for each in insights] + _lists(insights, setting.labels)
    rows = _rows(setting, groups, seconds, facts)
    for row, planted in zip(rows, setting.slices, strict=True):
        row |= {"kind_found": "list", "first_cause": False}
        if 0 <= row["position"] < len(insights):
            found = insights[row["position"]]
            sure = found.causes and found.causes[0].q_value <= CONFIRMED
            first = found.causes[0].field if sure else ""
            row |= {"kind_found": found.kind, "first_cause": first in planted.causes}
        inside = planted.of(len(setting.labels))
        row["confirmed"] = any(
            each.q_value <= CONFIRMED and average_precision(each.scores, inside) >= RECOVERED
            for each in insights
        )
    return rows


def _lists(insights: Sequence[Insight], labels: np.ndarray) -> list[np.ndarray]:
    """Return the scores of insights as one list over all classes and as one list per class."""
    lists = []
    for kinds in _LISTS:
        scores = [each.scores for each in insights if each.kind in kinds]
        if scores:
            lists += by_class(np.max(scores, axis=0), labels)
    return lists


def _rows(
    setting: Setting, groups: Sequence[np.ndarray], seconds: float, facts: dict[str, Any]
) -> list[dict[str, Any]]:
    rows = []
    for planted in setting.slices:
        found = score_groups(groups, planted.of(len(setting.labels)))
        if facts["problem"]:
            found |= dict.fromkeys(_MEASURES, float("nan"))
        rows.append({
            **facts, "setting": setting.name, "difficulty": setting.difficulty,
            "kind": planted.kind, "seconds": seconds, "groups": len(groups), **found,
        })  # fmt: skip
    return rows


def null_run(seed: int) -> dict[str, Any]:
    """Count insights at the defaults where nothing is planted."""
    warnings.simplefilter("ignore")
    setting = make_setting("medium", "null", REPORTING + seed)
    found = ours(setting, fdr=0.05)
    return {"seed": seed, "insights": [(each.kind, each.severity) for each in found]}


def choose(rows: pd.DataFrame, domino: Path | None) -> Options:
    """Choose the options of each peer with the best mean average precision for tuning."""
    errors = rows[rows["kind"].isin((*ERROR_KINDS, *ERROR_FAULTS))]
    means = errors.groupby(["engine", "options"])["ap"].mean().reset_index().dropna()
    best = means.loc[means.groupby("engine")["ap"].idxmax()]
    name_of = dict(zip(best["engine"], best["options"], strict=True))
    return {
        engine: next(each for each in choices if repr(each) == name_of[engine])
        for engine, (_, choices) in peers(domino).items()
        if engine in name_of
    }


def settings(first: int, *, errors: int, others: int) -> list[Name]:
    """Return names of settings: a number of seeds of each error kind and of each other kind."""
    return [
        (difficulty, kind, first + seed)
        for difficulty in DIFFICULTY
        for kinds, count in ((ERROR_KINDS, errors), (OTHER_KINDS, others))
        for kind in kinds
        for seed in range(count)
    ]


def _of_library(name: Name) -> bool:
    return name[0] == LIBRARY


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
    errors, others, nulls, libraries = (2, 1, 10, 1) if options.quick else (8, 5, 60, 5)
    first = TUNING + 100 if options.tuning else REPORTING
    names = settings(first, errors=errors, others=others)
    first = LIBRARY_TUNING if options.tuning else LIBRARY_REPORTING
    names += [(LIBRARY, LIBRARY, first + seed) for seed in range(libraries)]
    trials = {MIXTURE: settings(TUNING, errors=1 if options.quick else 2, others=0)}
    if not options.quick:
        trials[LIBRARY] = [(LIBRARY, LIBRARY, LIBRARY_TUNING + seed) for seed in range(2)]
    for _, _, seed in filter(_of_library, chain(names, *trials.values())):
        library_setting(seed)  # renders and embeds with both cores, once
    os.environ |= _ONE_THREAD
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        most = 2 if options.quick else None
        trial = partial(score_setting, domino=options.domino_python, tuned=None, most=most)
        tuned = {
            family: choose(
                pd.DataFrame(chain.from_iterable(pool.map(trial, tried))), options.domino_python
            )
            for family, tried in trials.items()
        }
        tuned.setdefault(LIBRARY, tuned[MIXTURE])
        score = partial(score_setting, domino=options.domino_python, tuned=tuned)
        rows = pd.DataFrame(chain.from_iterable(pool.map(score, names)))
        alarms = list(pool.map(null_run, range(nulls)))
    print(summary(rows, alarms))
    if options.json:
        payload = {"rows": rows.to_dict("records"), "nulls": alarms, "tuned": tuned}
        options.json.write_text(json.dumps(payload, indent=1, default=str) + "\n", "utf-8")


if __name__ == "__main__":
    main()
