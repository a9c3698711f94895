"""Candidate groups described by short rules: conjunctions of up to three metadata conditions.

Conditions, the search and its null belong here; what a failing group means does not
(`kinds.low_performance`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights.candidates.group_statistics import GroupStatistics
from insight_dagster.analysis.insights.candidates.groups import SelectedGroup
from insight_dagster.analysis.insights.clip_table import frequent_levels
from insight_dagster.analysis.numerics.effect_sizes import jaccard
from insight_dagster.analysis.numerics.permutation import (
    Sums,
    gumbel_tail_p,
    stratified_permutations,
)

_CUTS = (0.05, 0.1, 0.2, 0.5)
_SMALLEST = 5
_LARGEST_SHARE = 0.3
_EXTENDED = 40
_DRAWS = 99
_MOST_CLIPS = 6_000
_MOST_CONDITIONS = 800
_FEWEST_CLIPS = 40
_LARGEST_P = 0.5
_KEPT = 24
_SHARED = 0.5
_DECIMALS = 6


@dataclass(frozen=True)
class Conditions:
    """Conditions over metadata, and which clips meet them.

    Attributes:
        texts: k conditions, such as `brightness_mean <= 41.2`.
        met: (n, k) bool.
    """

    texts: tuple[str, ...]
    met: np.ndarray


@dataclass(frozen=True)
class Rule(SelectedGroup):
    """A rule whose clips fail more than chance predicts.

    Its p-value is that of the whole search repeated on shuffled outcomes.

    Attributes:
        text: conditions joined by `and`.
    """

    text: str


def conditions(metadata: pd.DataFrame) -> Conditions:
    """Return conditions over every field: tails of numbers, levels of text and categories.

    Cuts are the quantiles .05, .1, .2 and .5 from either end; levels are the twenty most frequent
    ones. A missing value meets no condition. At most 800 conditions, in the order of the columns.

    Args:
        metadata: n rows.
    """
    found: dict[bytes, tuple[str, np.ndarray]] = {}
    for name in metadata.columns:
        column = metadata[name]
        for text, met in _of_column(str(name), column):
            if met.sum() >= _SMALLEST and not met.all():
                found.setdefault(np.packbits(met).tobytes(), (text, met))
    kept = list(found.values())[:_MOST_CONDITIONS]
    met = (
        np.stack([each for _, each in kept], axis=1) if kept else np.zeros((len(metadata), 0), bool)
    )
    return Conditions(tuple(text for text, _ in kept), met)


def _of_column(name: str, column: pd.Series) -> list[tuple[str, np.ndarray]]:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        text = column.astype("string")
        return [
            (f"{name} = {level}", (text == level).fillna(False).to_numpy(bool))
            for level in frequent_levels(text)
        ]
    values = column.to_numpy(np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    out = []
    with np.errstate(invalid="ignore"):
        for cut in _CUTS:
            low, high = np.quantile(known, [cut, 1 - cut])
            out.append((f"{name} <= {low:.4g}", np.isfinite(values) & (values <= low)))
            out.append((f"{name} >= {high:.4g}", np.isfinite(values) & (values >= high)))
    return out


def why_skipped(candidates: Conditions, outcomes: GroupStatistics) -> str | None:
    """Return why a search for rules makes no sense, None where it does."""
    if len(outcomes) < _FEWEST_CLIPS:
        return f"{len(outcomes)} of the {_FEWEST_CLIPS} clips needed"
    if not candidates.texts:
        return "no metadata field separates five clips from the rest"
    return None


def failing_rules(
    candidates: Conditions, outcomes: GroupStatistics, rng: np.random.Generator
) -> list[Rule]:
    """Find rules whose clips fail more than chance predicts, worst first, no two about the same.

    Every condition and pair of conditions is rated, and the 40 worst pairs with every third
    condition; a rule counts only if it rates higher than each of its parts. The null is the whole
    search repeated on outcomes shuffled within strata: 99 times, the largest rating of each, with
    a Gumbel tail. Of rules about the same clips, the one with the fewest conditions is kept. Sets
    above 6,000 clips are searched on a sample.

    Args:
        candidates: conditions over n clips; see `why_skipped`.
        outcomes: flags of wrong clips and scores of their losses.
        rng: source of the shuffling and the sample.

    Source: slices as conjunctions with high loss: Sagadeeva and Boehm, SIGMOD 2021 (SliceLine).
    """
    rows = np.sort(rng.permutation(len(outcomes))[:_MOST_CLIPS])
    met, sampled = candidates.met[rows].astype(np.float32), outcomes.take(rows)
    sizes = (met.T @ met).round()
    rated = _search(met, sizes, sampled)
    orders = stratified_permutations(np.arange(len(rows)), sampled.strata, draws=_DRAWS, rng=rng)
    maxima = np.array([
        max((z for _, z in _search(met, sizes, sampled.shuffled(order))[:1]), default=0.0)
        for order in orders
    ])  # fmt: skip
    found: list[Rule] = []
    for parts, z in rated:
        p_value = gumbel_tail_p(z, maxima)
        if p_value > _LARGEST_P or len(found) == _KEPT:
            break
        members = np.flatnonzero(candidates.met[:, parts].all(axis=1))
        if all(jaccard(members, other.members) < _SHARED for other in found):
            text = " and ".join(candidates.texts[part] for part in parts)
            found.append(Rule(members, z, p_value, text))
    return found


def _search(
    met: np.ndarray, sizes: np.ndarray, outcomes: GroupStatistics
) -> list[tuple[list[int], float]]:
    """Return the conditions of the worst rules with their deviates, worst first."""
    every = _deviates(outcomes, lambda values: (met.T * values) @ met, sizes)
    single = np.diag(every)
    pairs = np.where(np.tri(len(every), k=-1, dtype=bool), -np.inf, every)
    better = pairs > np.maximum(single[:, None], single)
    pairs[~better] = -np.inf
    worst = np.argsort(-pairs, axis=None, kind="stable")[:_EXTENDED]
    first, second = np.unravel_index(worst, pairs.shape)
    both = met[:, first] * met[:, second]
    third = _deviates(outcomes, lambda values: (both.T * values) @ met, (both.T @ met).round())
    parts = np.maximum(np.maximum(every[first], every[second]), pairs[first, second][:, None])
    third[third <= parts] = -np.inf
    rules = [([int(i)], float(single[i])) for i in np.argsort(-single, kind="stable")[:_EXTENDED]]
    rules += [
        ([int(i), int(j)], float(pairs[i, j]))
        for i, j in zip(first, second, strict=True)
        if np.isfinite(pairs[i, j])
    ]
    best = third.argmax(axis=1)
    rules += [
        ([int(i), int(j), int(k)], float(third[row, k]))
        for row, (i, j, k) in enumerate(zip(first, second, best, strict=True))
        if np.isfinite(third[row, k]) and np.isfinite(pairs[i, j])
    ]
    rules = [(parts, z) for parts, z in rules if np.isfinite(z) and z > 0]
    return sorted(rules, key=lambda rule: (-rule[1], len(rule[0]), rule[0]))


def _deviates(outcomes: GroupStatistics, sums: Sums, sizes: np.ndarray) -> np.ndarray:
    """Return the deviates of groups, -inf where a group is too small or too large.

    They are rounded, so that the same clips have the same deviate under any conditions.
    """
    usable = (sizes >= _SMALLEST) & (sizes <= _LARGEST_SHARE * len(outcomes))
    z = outcomes.deviates(sums, np.where(usable, sizes, 1), np.arange(len(outcomes)))
    return np.where(usable, np.round(z, _DECIMALS), -np.inf)
