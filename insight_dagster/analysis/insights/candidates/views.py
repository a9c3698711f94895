"""Views of the clips that several kinds share: neighbours, metadata, families of candidate groups.

Views that are computed once a run belong here; candidates that depend on errors (`error_mixture`,
`rules`) and tests of groups (`kinds`) do not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights.candidates.groups import (
    WHOLE_TREE,
    Groups,
    class_tree_groups,
    cluster_groups,
    density_groups,
    standardised,
    tail_groups,
    tree_groups,
)
from insight_dagster.analysis.insights.candidates.mixture import leading_dimensions
from insight_dagster.analysis.insights.candidates.rules import Conditions, conditions
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.numerics.neighbours import Neighbours, nearest_others
from insight_dagster.analysis.numerics.principal_axes import principal_axes

_NEIGHBOURS = 16
_LATENT_DIMENSIONS = 10
_METADATA_DIMENSIONS = 10


@dataclass(frozen=True)
class Family:
    """Candidate groups of one origin, proposed without looking at losses or splits.

    Attributes:
        name: `latent`, `metadata` or `tails`.
        groups: groups over the same rows, each in an order of its own.
    """

    name: str
    groups: tuple[Groups, ...]

    def places(self) -> list[tuple[Groups, int]]:
        """List every group, in the order in which statistics over the family are concatenated."""
        return [(groups, group) for groups in self.groups for group in range(len(groups))]


@dataclass(frozen=True)
class ClipViews:
    """Clips sorted by id, the seed of a run, and views of the clips that several kinds use."""

    clips: ClipTable
    seed: int

    def rng(self, name: str) -> np.random.Generator:
        """Return a generator of random numbers that depends on the seed and a name alone."""
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
        return np.random.default_rng([self.seed, key])

    @cached_property
    def neighbours(self) -> Neighbours:
        """The 16 nearest other clips of every clip in the latent space."""
        return nearest_others(self.clips.coordinates, k=_NEIGHBOURS)

    @cached_property
    def predicted_labels(self) -> np.ndarray:
        """Labels that the model predicts for any clip, sorted."""
        return np.unique(self.clips.predicted)

    @cached_property
    def values(self) -> np.ndarray:
        """(n, f) float64 numeric metadata, NaN = missing."""
        return self.clips.numeric_metadata()[1]

    def points(self, family: str, rows: np.ndarray) -> np.ndarray:
        """Return the coordinates in which the groups of a family were found: (m, d).

        Args:
            family: name of a family; of other generators, the metadata are used.
            rows: m rows of the clip table.
        """
        if family == "latent":
            return self.clips.coordinates[
                rows, : leading_dimensions(len(rows), self.clips.coordinates.shape[1])
            ]
        return self._metadata_points[rows]

    def conditions_of(self, rows: np.ndarray) -> Conditions:
        """Return conditions over the metadata and class of some clips, cut at their quantiles."""
        labels = pd.Series(self.clips.labels[rows], name="class")
        return conditions(
            pd.concat([labels, self.clips.metadata.iloc[rows].reset_index(drop=True)], axis=1)
        )

    @cached_property
    def _metadata_points(self) -> np.ndarray:
        scaled = standardised(self.values)
        if not scaled.shape[1]:
            return np.zeros((len(scaled), 1))
        centred = scaled - scaled.mean(axis=0)
        axes, _ = principal_axes(centred, _METADATA_DIMENSIONS)
        return centred @ axes.T

    @cached_property
    def _families(self) -> tuple[Family, ...]:
        return self._families_of(np.arange(len(self.clips)))

    def families_over(self, rows: np.ndarray) -> tuple[Family, ...]:
        """Return families of groups of some clips; groups refer to positions in `rows`."""
        return self._families if len(rows) == len(self.clips) else self._families_of(rows)

    def all_groups_over(self, rows: np.ndarray) -> Family:
        """Return the groups of all families as one family, for kinds that run one test."""
        families = self.families_over(rows)
        return Family("groups", tuple(g for family in families for g in family.groups))

    def _families_of(self, rows: np.ndarray) -> tuple[Family, ...]:
        """Propose groups by place in the latent space, by metadata, and by tails of each field."""
        latent = self.clips.coordinates[rows, :_LATENT_DIMENSIONS]
        values, labels = self.values[rows], self.clips.labels[rows]
        places = [
            cluster_groups(self.clips.cluster[rows]),
            density_groups(latent),
            tree_groups(latent, seed=self.seed),
        ]
        if len(rows) > WHOLE_TREE:  # the tree of all cells sees no group of a few clips
            places.append(class_tree_groups(latent, labels))
        families = (
            ("latent", places),
            ("metadata", [tree_groups(standardised(values), seed=self.seed)]),
            ("tails", [tail_groups(values[:, field]) for field in range(values.shape[1])]),
        )
        filled = [(name, tuple(each for each in found if len(each))) for name, found in families]
        return tuple(Family(name, found) for name, found in filled if found)


def leading_class(labels: np.ndarray) -> str:
    """Return the most frequent of (m,) labels, the first in alphabetical order among equals."""
    names, counts = np.unique(labels, return_counts=True)
    return str(names[counts.argmax()])
