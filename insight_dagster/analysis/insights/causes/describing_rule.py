"""A short rule that says which clips a group is: conditions that hold inside and hardly outside.

Choosing and judging the rule belongs here; the conditions themselves do not (`rules`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

_FEWEST = 12
_CLEARLY = 0.05
_USEFUL = 0.5
_EXTENDED = 20
_LARGEST_P = 1e-3


@dataclass(frozen=True)
class Description:
    """Positions of two or three conditions, their F1 and Fisher's p on clips not chosen on."""

    parts: tuple[int, ...]
    f1: float
    p_value: float


def describing_rule(
    met: np.ndarray, inside: np.ndarray, rng: np.random.Generator
) -> Description | None:
    """The conjunction of two or three conditions that picks a group out best, if clearly better.

    Chosen by F1 on one half of the clips, every pair and the 20 best pairs with every third;
    told if on the other half it is useful (F1 of a half), better by .05 than the single condition
    that was best in the first half, and Fisher's exact p is at most .001.

    Args:
        met: (n, k) bool conditions.
        inside: (n,) bool group; fewer than 12 clips are not split.
        rng: of the halves.
    """
    if inside.sum() < _FEWEST or (~inside).sum() < _FEWEST or met.shape[1] < 2:
        return None
    half = np.zeros(len(inside), bool)
    for side in (inside, ~inside):
        rows = rng.permutation(np.flatnonzero(side))
        half[rows[: len(rows) // 2]] = True
    single, parts = _chosen(met[half], inside[half])
    there, judged = met[~half], inside[~half]
    rule = np.asarray(there[:, list(parts)].all(axis=1))
    f1 = _f1(rule, judged)
    if f1 < max(_USEFUL, _f1(there[:, single], judged) + _CLEARLY):
        return None
    counts = [[(rule & judged).sum(), (rule & ~judged).sum()],
              [(~rule & judged).sum(), (~rule & ~judged).sum()]]  # fmt: skip
    p_value = float(stats.fisher_exact(counts, alternative="greater").pvalue)
    return Description(parts, f1, p_value) if p_value <= _LARGEST_P else None


def _chosen(met: np.ndarray, inside: np.ndarray) -> tuple[int, tuple[int, ...]]:
    """The best single condition and the best rule of two or three by F1."""
    values = met.astype(np.float32)
    hits, sizes = values[inside].T @ values[inside], values.T @ values
    f1 = 2 * hits / np.maximum(sizes + inside.sum(), 1)
    single = int(np.diag(f1).argmax())
    np.fill_diagonal(f1, -1)
    best = np.argsort(-np.triu(f1), axis=None, kind="stable")[:_EXTENDED]
    first, second = np.unravel_index(best, f1.shape)
    both = values[:, first] * values[:, second]
    third = 2 * (both[inside].T @ values[inside]) / np.maximum(both.T @ values + inside.sum(), 1)
    row, extra = np.unravel_index(int(third.argmax()), third.shape)
    pair = (int(first[0]), int(second[0]))
    if third[row, extra] > f1[pair] + 1e-6:
        return single, tuple(sorted({int(first[row]), int(second[row]), int(extra)}))
    return single, pair


def _f1(rule: np.ndarray, inside: np.ndarray) -> float:
    return float(2 * (rule & inside).sum() / max(1, rule.sum() + inside.sum()))
