"""Old and new clips side by side, and which of them chance may exchange.

Labels, strata and their weights belong here; what is measured on a labelling does not
(`field_distance`, `kernel_distance`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.failures import Skipped


@dataclass(frozen=True)
class Sides:
    """Aligned arrays over n clips of two sides.

    Attributes:
        values: (n, w) what is compared.
        is_new: (n,) bool.
        strata: (n,) int; labels old and new may be exchanged within a stratum.
    """

    values: np.ndarray
    is_new: np.ndarray
    strata: np.ndarray

    def take(self, rows: np.ndarray) -> Sides:
        """Some of the clips (indices or mask)."""
        return Sides(self.values[rows], self.is_new[rows], self.strata[rows])

    def exchangeable(self, known: np.ndarray) -> np.ndarray:
        """(n,) bool: those of the known clips (n,) in whose stratum both sides are known."""
        both = np.intersect1d(self.strata[known & self.is_new], self.strata[known & ~self.is_new])
        return known & np.isin(self.strata, both)

    def old_weights(self) -> np.ndarray:
        """(n,) weight of every clip as an old one: they give the old the new clips' strata.

        An old clip weighs (share of the new clips in its stratum) / (old clips in it), so that the
        weights of the old clips add up to 1 under every relabelling within strata. Every stratum
        needs both sides.
        """
        old, new = (np.bincount(self.strata[s], minlength=1) for s in (~self.is_new, self.is_new))
        return (new / (new.sum() * np.maximum(1, old)))[self.strata]

    def relabelled(self, keys: np.ndarray) -> np.ndarray:
        """(d, n) labels, 1 new and 0 old: in every stratum the clips of the smallest keys are new.

        Args:
            keys: (d, n) random numbers; the same keys give related labellings of subsets.
        """
        labels = np.zeros(keys.shape)
        for stratum in np.unique(self.strata):
            rows = np.flatnonzero(self.strata == stratum)
            count = int(self.is_new[rows].sum())
            first = np.argpartition(keys[:, rows], count - 1, axis=1)[:, :count]
            np.put_along_axis(labels, rows[first], 1.0, axis=1)
        return labels


def side_by_side(
    then: np.ndarray, now: np.ndarray, splits: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[Sides, str]:
    """Old clips (n, w) and new clips (m, w) in strata, and what to know about the comparison.

    Strata are splits; where new clips are of a split that no old clip is of, all clips are one
    stratum. The rows are in an order of their own: what follows cannot depend on the given one.

    Args:
        then: of the old clips.
        now: of the new clips.
        splits: (n,) and (m,) str; None: none.
    """
    values, is_new = np.concatenate([then, now]), np.arange(len(then) + len(now)) >= len(then)
    old, new = (
        np.asarray(each, str) for each in splits or (np.zeros(len(then)), np.zeros(len(now)))
    )
    alone = sorted(set(new.tolist()) - set(old.tolist()))
    reason = ""
    if alone and len(old):
        names = ", ".join(name or "without a name" for name in alone)
        reason = f"splits without old clips ({names}): all splits are compared as one"
    strata = np.unique(np.concatenate([old, new]), return_inverse=True)[1] * (not alone)
    order = np.lexsort((*values.T[::-1], strata, is_new))
    return Sides(values[order], is_new[order], strata[order]), reason


def too_few(old: int, new: int, min_clips: int, *, came: int) -> Skipped | None:
    """Return why two sets cannot be compared; None when they can.

    Args:
        old: clips of the baseline that can be compared.
        new: clips since then that can be compared.
        min_clips: fewest clips on either side.
        came: new clips that are there at all.
    """
    if not came:
        return Skipped("no new clips")
    side, found = ("new", new) if new < min_clips else ("old", old)
    if found < min_clips:
        return Skipped(f"{found} of the {min_clips} {side} clips needed")
    return None
