"""Old and new clips pooled in strata, and relabelling within them.

Labels, strata and weights belong here; what is measured on a labelling does not (`wasserstein`,
`mmd`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.errors import Skipped


@dataclass(frozen=True)
class Sides:
    """Old and new clips pooled, as aligned arrays over n clips.

    Attributes:
        values: (n, w) values that are compared.
        is_new: (n,) bool.
        strata: (n,) int; labels old and new are exchangeable within a stratum.
    """

    values: np.ndarray
    is_new: np.ndarray
    strata: np.ndarray

    def take(self, rows: np.ndarray) -> Sides:
        """Return some of the clips (indices or mask)."""
        return Sides(self.values[rows], self.is_new[rows], self.strata[rows])

    def exchangeable(self, known: np.ndarray) -> np.ndarray:
        """Return (n,) bool: known clips (n,) whose stratum has known clips on both sides."""
        both = np.intersect1d(self.strata[known & self.is_new], self.strata[known & ~self.is_new])
        return known & np.isin(self.strata, both)

    def old_weights(self) -> np.ndarray:
        """Return (n,) weights of clips as old clips, which balance old clips to the new strata.

        The weight is (share of new clips in the stratum) / (old clips in the stratum), so that the
        weights of the old clips sum to 1 under every relabelling within strata. Every stratum needs
        clips on both sides.
        """
        old, new = (np.bincount(self.strata[s], minlength=1) for s in (~self.is_new, self.is_new))
        return (new / (new.sum() * np.maximum(1, old)))[self.strata]

    def relabelled(self, keys: np.ndarray) -> np.ndarray:
        """Return (d, n) labels, 1 new and 0 old, with the number of new clips in a stratum kept.

        Args:
            keys: (d, n) random numbers: in every stratum the clips with the smallest ones are new.
                Reusing them for subsets of clips gives related labellings.
        """
        labels = np.zeros(keys.shape)
        for stratum in np.unique(self.strata):
            rows = np.flatnonzero(self.strata == stratum)
            count = int(self.is_new[rows].sum())
            first = np.argpartition(keys[:, rows], count - 1, axis=1)[:, :count]
            np.put_along_axis(labels, rows[first], 1.0, axis=1)
        return labels


def side_by_side(
    old_values: np.ndarray,
    new_values: np.ndarray,
    splits: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Sides, str]:
    """Pool old and new clips in strata, and return them with a remark on the comparison.

    Strata are splits; if a split has new clips only, all clips form one stratum. Rows are sorted,
    so that results do not depend on their order.

    Args:
        old_values: (n, w) values of the old clips.
        new_values: (m, w) values of the new clips.
        splits: (n,) and (m,) str splits; None = no splits.
    """
    values = np.concatenate([old_values, new_values])
    is_new = np.arange(len(values)) >= len(old_values)
    no_splits = np.zeros(len(old_values)), np.zeros(len(new_values))
    old, new = (np.asarray(each, str) for each in splits or no_splits)
    alone = sorted(set(new.tolist()) - set(old.tolist()))
    reason = ""
    if alone and len(old):
        names = ", ".join(name or "without a name" for name in alone)
        reason = f"splits without old clips ({names}): all splits are compared as one"
    strata = np.unique(np.concatenate([old, new]), return_inverse=True)[1] * (not alone)
    order = np.lexsort((*values.T[::-1], strata, is_new))
    return Sides(values[order], is_new[order], strata[order]), reason


def too_few(old: int, new: int, min_clips: int, *, arrived: int) -> Skipped | None:
    """Return why two sets are too small to be compared; None if they are not.

    Args:
        old: number of old clips that can be compared.
        new: number of new clips that can be compared.
        min_clips: smallest number of clips on either side.
        arrived: number of new clips, whether or not they can be compared.
    """
    if not arrived:
        return Skipped("no new clips")
    side, found = ("new", new) if new < min_clips else ("old", old)
    if found < min_clips:
        return Skipped(f"{found} of the {min_clips} {side} clips needed")
    return None
