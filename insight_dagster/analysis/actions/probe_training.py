"""The clips that a probe is fitted and evaluated on.

Choosing classes, sampling clips and weighting them belong here; fitting does not (`probe`).
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
        rows: (m,) int rows of the clip table.
        labels: (m,) str labels that the probe is fitted to.
        weights: (m,) float weights; a clip outside the group weighs 1.
        one: weight of a clip that is added to the sample: the share of the clips that was sampled.
        available: number of training clips of the classes, sampled or not.
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
        """Leave out some clips."""
        return self._take(~np.isin(self.rows, list(rows)))

    def relabelled(self, labels: Mapping[int, str]) -> Training:
        """Change labels by row; clips with a label that the probe lacks are left out."""
        changed = np.array(
            [labels.get(row, old) for row, old in zip(self.rows.tolist(), self.labels, strict=True)]
        )
        return replace(self, labels=changed)._take(np.isin(changed, self.names))

    def with_more(self, rows: np.ndarray, labels: np.ndarray, *, count: int) -> Training:
        """Add clips that together count as `count` clips."""
        weight = self.one * count / max(1, len(rows))
        return replace(
            self,
            rows=np.concatenate([self.rows, rows]),
            labels=np.concatenate([self.labels, labels]),
            weights=np.concatenate([self.weights, np.full(len(rows), weight)]),
        )


def names_of(finding: Finding, suggested: Iterable[str], clips: ClipTable) -> tuple[str, ...]:
    """Return the classes that matter to a finding, at most six.

    Its own and its second class, then the suggested labels and those of its core members, the
    most frequent first. Places that are left go to two labels that core members are taken for,
    two of the 100 clips around the group that carry none of these, and the largest classes.
    """
    own = [name for name in (finding.class_name, finding.other_class) if name]
    members = _by_count(clips.labels[finding.core])
    named = [*own, *_by_count([name for name in suggested if name]), *members]
    names = list(dict.fromkeys(named))[:MOST_CLASSES]
    if len(names) < MOST_CLASSES:
        known = _by_count(clips.labels)
        taken_for = _by_count(clips.predicted[finding.core])
        taken_for = [name for name in taken_for if name in known and name not in names]
        rivals = [*taken_for[:2], *_around(finding, names, clips)[:2], *known]
        names = list(dict.fromkeys([*names, *rivals]))[:MOST_CLASSES]
    return tuple(names)


def _around(finding: Finding, names: Sequence[str], clips: ClipTable) -> list[str]:
    """Return labels of the 100 nearest clips of other classes, those close to the centre first."""
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
    """Sample the training clips of some classes: at most 3,000 of the group and 3,000 others.

    The group's clips are weighted by the share of the others that was drawn, so that the group
    keeps its share among all clips.
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
    """Return the rows of the validation and test clips of some classes, in the order of ids."""
    return by_id(np.flatnonzero(labelled(names, clips) & np.isin(clips.splits, HELD_OUT)), clips)


def held_out_group(
    finding: Finding, held_out: np.ndarray, clips: ClipTable, *, fewest: int
) -> np.ndarray:
    """Return the held-out clips of a group: core members, or clips that lie among them.

    Where fewer than `fewest` core members are held out (a population of training clips has none),
    held-out clips whose nearest training clip of their label is a core member are added.
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
