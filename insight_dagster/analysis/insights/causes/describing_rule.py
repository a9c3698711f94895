"""A short rule that describes a group: conditions that hold inside and rarely outside.

Choosing and testing the rule belong here; the conditions do not (`candidates.rules`).
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
    """A rule that describes a group.

    Attributes:
        parts: positions of its two or three conditions.
        f1, p_value: its F1 and Fisher's exact p on clips that it was not chosen on.
    """

    parts: tuple[int, ...]
    f1: float
    p_value: float


def describing_rule(
    met: np.ndarray, inside: np.ndarray, rng: np.random.Generator
) -> Description | None:
    """Find the conjunction of two or three conditions that describes a group best.

    The rule is chosen by F1 on one half of the clips, among all pairs of conditions and the 20
    best pairs with every third. It is returned if on the other half its F1 is at least a half and
    .05 better than that of the single condition that was best on the first half, and Fisher's
    exact p is at most .001.

    Args:
        met: (n, k) bool conditions.
        inside: (n,) bool group.
        rng: source of the halves.

    Returns:
        None where no rule is good enough, or either side has fewer than 12 clips.
    """
    if inside.sum() < _FEWEST or (~inside).sum() < _FEWEST or met.shape[1] < 2:
        return None
    half = np.zeros(len(inside), bool)
    for side in (inside, ~inside):
        rows = rng.permutation(np.flatnonzero(side))
        half[rows[: len(rows) // 2]] = True
    single, parts = _chosen(met[half], inside[half])
    held_out, group = met[~half], inside[~half]
    rule = np.asarray(held_out[:, list(parts)].all(axis=1))
    f1 = _f1(rule, group)
    if f1 < max(_USEFUL, _f1(held_out[:, single], group) + _CLEARLY):
        return None
    counts = [[(rule & group).sum(), (rule & ~group).sum()],
              [(~rule & group).sum(), (~rule & ~group).sum()]]  # fmt: skip
    p_value = float(stats.fisher_exact(counts, alternative="greater").pvalue)
    return Description(parts, f1, p_value) if p_value <= _LARGEST_P else None


def _chosen(met: np.ndarray, inside: np.ndarray) -> tuple[int, tuple[int, ...]]:
    """Return the best single condition and the best rule of two or three by F1."""
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
