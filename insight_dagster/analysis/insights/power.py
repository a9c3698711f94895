"""Statistical power: how often failing groups planted in the user's clips are found.

Planting groups and counting which are found belongs here; finding them does not (`kinds`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import KindTest
from insight_dagster.analysis.insights.kinds import low_performance
from insight_dagster.analysis.insights.kinds.registry import MODULES
from insight_dagster.analysis.numerics.multiple_testing import selective_q
from insight_dagster.analysis.numerics.permutation import stratified_permutations

EXCESSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
"""Excesses of errors over the class's own share that are tried."""
WANTED_POWER = 0.8
_ALIKE = 0.25


@dataclass(frozen=True)
class Power:
    """The smallest excess of errors at which a group of some size is found in 80 % of trials.

    Attributes:
        size: clips in the group.
        excess: share of errors above the class's own, NaN where no excess tried is found.
        found: share of trials in which the group was found at that excess.
        trials: number of trials at each excess.
        largest_tried: largest excess that was tried.
    """

    size: int
    excess: float
    found: float
    trials: int
    largest_tried: float


def smallest_excess(
    clips: ClipTable,
    sizes: Sequence[int],
    *,
    trials: int = 10,
    seed: int = 0,
    fdr: float = 0.05,
    step: Callable[[], None] = lambda: None,
) -> list[Power]:
    """Return, for each group size, the smallest excess of errors found with 80 % probability.

    A trial shuffles the outcomes within classes, so that only what is planted can be found, picks
    a clip at random, and turns a share of its nearest clips of the class into errors, with losses
    drawn from wrong clips. The group is found where a `low_performance` finding with q <= fdr has
    a Jaccard similarity of at least a quarter with it. Excesses are searched by bisection.

    Args:
        clips: clips with known losses and at least one error.
        sizes: sizes of the groups.
        trials: number of trials at each excess.
        seed: seed of all random numbers.
        fdr: largest q-value.
        step: called after every trial, at most three times `trials` per size.
    """
    clips = clips.sorted_by_id()
    out = []
    for size in sizes:
        rng = np.random.default_rng([seed, size])
        low, high, known = 0, len(EXCESSES), {}
        while low < high:
            middle = (low + high) // 2
            hits = 0
            for _ in range(trials):
                hits += _found(clips, size, EXCESSES[middle], rng, fdr)
                step()
            known[middle] = hits / trials
            low, high = (low, middle) if known[middle] >= WANTED_POWER else (middle + 1, high)
        enough = low < len(EXCESSES)
        out.append(
            Power(
                size,
                EXCESSES[low] if enough else float("nan"),
                known[low] if enough else known[len(EXCESSES) - 1],
                trials,
                EXCESSES[-1],
            )
        )
    return out


def _found(
    clips: ClipTable, size: int, excess: float, rng: np.random.Generator, fdr: float
) -> bool:
    """Return whether one planted group is found."""
    changed, group = _planted(clips, size, excess, rng)
    with threadpool_limits(1):
        views = ClipViews(changed, int(rng.integers(2**31)))
        tests = low_performance.run_tests(views)
    # In a run the other kinds are tested as well and take their share of the error rate.
    tests += [KindTest(f"other kind {number}") for number in range(len(MODULES) - 1)]
    q_values = selective_q(
        [np.array([each.p_value for each in test.findings]) for test in tests],
        [test.kind for test in tests],
    )
    return any(
        q <= fdr and each.relevant and _alike(each.core, group)
        for test, values in zip(tests, q_values, strict=True)
        for each, q in zip(test.findings, values, strict=True)
    )


def _planted(
    clips: ClipTable, size: int, excess: float, rng: np.random.Generator
) -> tuple[ClipTable, np.ndarray]:
    """Return the clips with one failing group planted and nothing else to find, and its rows."""
    known = np.flatnonzero(~np.isnan(clips.loss))
    order = np.arange(len(clips))
    order[known] = known[
        stratified_permutations(np.arange(len(known)), clips.labels[known], draws=1, rng=rng)[0]
    ]
    loss, correct = clips.loss[order].copy(), clips.correct[order].copy()
    centre = int(rng.choice(known))
    own = known[clips.labels[known] == clips.labels[centre]]
    apart = np.linalg.norm(clips.coordinates[own] - clips.coordinates[centre], axis=1)
    group = np.sort(own[np.argsort(apart, kind="stable")[:size]])
    rate = min(1.0, float(1 - correct[own].mean()) + excess)
    wrong = rng.random(len(group)) < rate
    losses_of_errors = clips.loss[known][clips.correct[known] == 0]
    right = group[~wrong]
    loss[group[wrong]] = rng.choice(losses_of_errors, int(wrong.sum()))
    correct[group[wrong]] = 0.0
    pool = clips.loss[known][clips.correct[known] == 1]
    loss[right] = rng.choice(pool, len(right)) if len(pool) else loss[right]
    correct[right] = 1.0
    planted = replace(clips, loss=loss, correct=correct, populations=(populations.ALL,))
    return planted, group


def _alike(found: np.ndarray, planted: np.ndarray) -> bool:
    shared = len(np.intersect1d(found, planted))
    return shared / max(1, len(found) + len(planted) - shared) >= _ALIKE
