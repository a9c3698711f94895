"""What all kinds look at, made once a run: neighbours, metadata, families of candidate groups.

Shared views belong here; candidates that depend on errors, and what is asked of a group, do not.
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
    """Candidate groups of one origin that were chosen without a look at loss or split.

    Attributes:
        name: `latent`, `metadata` or `tails`.
        groups: orders of the same rows with their groups.
    """

    name: str
    groups: tuple[Groups, ...]

    def places(self) -> list[tuple[Groups, int]]:
        """Every group, in the order in which statistics over the family are concatenated."""
        return [(groups, group) for groups in self.groups for group in range(len(groups))]


@dataclass(frozen=True)
class Search:
    """Clips sorted by id, the seed, and views of the clips that several kinds use."""

    clips: ClipTable
    seed: int

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers that depend on the seed and the asker's name alone."""
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
        return np.random.default_rng([self.seed, key])

    @cached_property
    def neighbours(self) -> Neighbours:
        """The 16 nearest other clips of every clip in the latent space."""
        return nearest_others(self.clips.coordinates, k=_NEIGHBOURS)

    @cached_property
    def predicted_labels(self) -> np.ndarray:
        """Labels that the model predicts anywhere, sorted."""
        return np.unique(self.clips.predicted)

    @cached_property
    def values(self) -> np.ndarray:
        """(n, f) float64 numeric metadata, NaN = missing."""
        return self.clips.numeric_metadata()[1]

    def points(self, family: str, rows: np.ndarray) -> np.ndarray:
        """(m, d) coordinates of some clips that a family's groups lie in."""
        if family == "latent":
            return self.clips.coordinates[
                rows, : leading_dimensions(len(rows), self.clips.coordinates.shape[1])
            ]
        return self._metadata_points[rows]

    def conditions_of(self, rows: np.ndarray) -> Conditions:
        """Conditions over metadata and class, with cuts at the quantiles of some clips."""
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
        """Families of groups of some clips; groups refer to positions in `rows`."""
        return self._families if len(rows) == len(self.clips) else self._families_of(rows)

    def all_groups_over(self, rows: np.ndarray) -> Family:
        """The groups of all families as one, for kinds that put one question."""
        families = self.families_over(rows)
        return Family("groups", tuple(g for family in families for g in family.groups))

    def _families_of(self, rows: np.ndarray) -> tuple[Family, ...]:
        """Places in the latent space, kinds of metadata and tails of single fields."""
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
    """The label that most of (m,) labels are; the first in the alphabet of equals."""
    names, counts = np.unique(labels, return_counts=True)
    return str(names[counts.argmax()])
