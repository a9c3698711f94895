"""The clips that a probe is fitted and judged on: few classes, few clips, the group whole.

Sampling and weights belong here; fitting does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from insight_dagster.analysis.actions.clip_selection import by_id, labelled, nearest
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.status import HELD_OUT, Split

MOST_CLASSES = 6
_MOST_CLIPS = 3_000
_AROUND = 100


@dataclass(frozen=True)
class Training:
    """Clips that a probe is fitted on.

    Attributes:
        rows: (m,) int of the clip table.
        labels: (m,) str that the probe is told.
        weights: (m,) float; 1 is what a clip outside the group weighs.
        one: weight of one clip that is not of the sample: the share of the clips that was sampled.
        available: training clips of the classes, sampled or not.
        names: the classes.
    """

    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    one: float
    available: int
    names: tuple[str, ...]

    def _take(self, chosen: np.ndarray) -> Training:
        return replace(
            self, rows=self.rows[chosen], labels=self.labels[chosen], weights=self.weights[chosen]
        )

    def without(self, rows: Sequence[int]) -> Training:
        """The clips but some."""
        return self._take(~np.isin(self.rows, list(rows)))

    def relabelled(self, labels: Mapping[int, str]) -> Training:
        """The clips with other labels, by row; those of classes the probe lacks are left out."""
        told = np.array(
            [labels.get(row, old) for row, old in zip(self.rows.tolist(), self.labels, strict=True)]
        )
        return replace(self, labels=told)._take(np.isin(told, self.names))

    def with_more(self, rows: np.ndarray, labels: np.ndarray, *, count: int) -> Training:
        """The clips and some more, which together count as `count` clips."""
        weight = self.one * count / max(1, len(rows))
        return replace(
            self,
            rows=np.concatenate([self.rows, rows]),
            labels=np.concatenate([self.labels, labels]),
            weights=np.concatenate([self.weights, np.full(len(rows), weight)]),
        )


def names_of(finding: Finding, suggested: Iterable[str], clips: ClipTable) -> tuple[str, ...]:
    """The classes that matter to a finding: six, where there are so many.

    Its own and its second class, then the labels suggested and those of its core members, the
    most frequent first; filled up with two labels that core members are taken for, two of the
    100 clips around the group that carry none of these, and the largest classes.
    """
    own = [name for name in (finding.class_name, finding.other_class) if name]
    members = _by_count(clips.labels[finding.core])
    asked = [*own, *_by_count([name for name in suggested if name]), *members]
    names = list(dict.fromkeys(asked))[:MOST_CLASSES]
    if len(names) < MOST_CLASSES:
        known = _by_count(clips.labels)
        taken_for = _by_count(clips.predicted[finding.core])
        taken_for = [name for name in taken_for if name in known and name not in names]
        rivals = [*taken_for[:2], *_around(finding, names, clips)[:2], *known]
        names = list(dict.fromkeys([*names, *rivals]))[:MOST_CLASSES]
    return tuple(names)


def _around(finding: Finding, names: Sequence[str], clips: ClipTable) -> list[str]:
    """Labels of the 100 clips of other classes around a group, those close to its middle first."""
    others = by_id(np.flatnonzero(~labelled(names, clips)), clips)
    if not len(others):
        return []
    middle = clips.coordinates[by_id(finding.core, clips)].mean(axis=0)
    apart = ((clips.coordinates[others] - middle) ** 2).sum(axis=1)
    near = np.sort(np.argsort(apart, kind="stable")[:_AROUND])
    labels, number = np.unique(clips.labels[others[near]], return_inverse=True)
    closeness = np.bincount(number, weights=1 - apart[near] / max(apart[near].max(), 1e-12))
    return [str(name) for name in labels[np.argsort(-closeness, kind="stable")]]


def _by_count(names: Sequence[str] | np.ndarray) -> list[str]:
    values, counts = np.unique(np.asarray(names, dtype=str), return_counts=True)
    return [str(values[at]) for at in np.argsort(-counts, kind="stable")]


def training_of(
    finding: Finding,
    touched: Sequence[int],
    names: tuple[str, ...],
    clips: ClipTable,
    rng: np.random.Generator,
) -> Training:
    """The training clips of some classes: of the group and of the others 3,000 each at most.

    A group smaller than its sample would be is taken whole, each clip weighted by the share of
    the others that was drawn: it carries what it carries among all clips.
    """
    inside = labelled(names, clips) & (clips.splits == Split.TRAIN)
    training = by_id(np.flatnonzero(inside), clips)
    grouped = np.isin(training, np.union1d(finding.rows, np.asarray(touched, np.int64)))
    others, group = _sample(training[~grouped], rng), _sample(training[grouped], rng)
    one = len(others) / max(1, int((~grouped).sum())) if len(others) else 1.0
    weight = one * int(grouped.sum()) / max(1, len(group))
    rows = np.concatenate([others, group])
    return Training(
        rows=rows,
        labels=clips.labels[rows],
        weights=np.repeat([1.0, weight], [len(others), len(group)]),
        one=one,
        available=len(training),
        names=names,
    )


def _sample(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= _MOST_CLIPS else np.sort(rng.choice(rows, _MOST_CLIPS, False))


def held_out_of(names: Sequence[str], clips: ClipTable) -> np.ndarray:
    """Rows of the validation and test clips of some classes, in the order of their ids."""
    return by_id(np.flatnonzero(labelled(names, clips) & np.isin(clips.splits, HELD_OUT)), clips)


def held_out_group(
    finding: Finding, held_out: np.ndarray, clips: ClipTable, *, fewest: int
) -> np.ndarray:
    """The held-out clips of a group: its core members, or what lies among them.

    Where fewer than `fewest` core members are held out (a population of training clips has none)
    a held-out clip counts as one whose nearest training clip of its label is a core member.
    """
    core = by_id(finding.core, clips)
    members = np.intersect1d(held_out, core)
    if len(members) >= fewest:
        return by_id(members, clips)
    lying = [members]
    for name in np.unique(clips.labels[core]).tolist():
        training = by_id(
            np.flatnonzero((clips.labels == name) & (clips.splits == Split.TRAIN)), clips
        )
        candidates = held_out[clips.labels[held_out] == name]
        if len(training) and len(candidates):
            closest, _ = nearest(candidates, training, clips)
            lying.append(candidates[np.isin(closest, core)])
    return by_id(np.unique(np.concatenate(lying)), clips)
