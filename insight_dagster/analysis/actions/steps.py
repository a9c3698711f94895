"""The steps that an insight asks for, clip by clip.

Which verb a kind takes, and the order of the steps, belong here; their expected effect (`probe`)
and their wording (`advice`) do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from insight_dagster.analysis.actions.clip_selection import by_id, labelled, nearest
from insight_dagster.analysis.actions.representatives import representatives
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.status import HELD_OUT, Split, Verb

MOST_COLLECTED = 12


@dataclass(frozen=True)
class Step:
    """One clip and what to do with it; rows refer to the clip table.

    Attributes:
        row: row of the clip.
        verb: what to do with it.
        confidence: how sure the step is, 0..1; for kept and collected clips, the share of the
            group that they stand for.
        suggested_class: label to give, '' = none.
        partner: row of the clip that stays in its place; for a clip to review or to collect clips
            like it, of the member to compare it with; -1 = none.
    """

    row: int
    verb: Verb
    confidence: float
    suggested_class: str = ""
    partner: int = -1


def steps(finding: Finding, clips: ClipTable) -> list[Step]:
    """Return what to do because of a finding, most important first.

    - over_represented: keep as many representatives as the class would have there by chance
      (size over effect, the group's effective size), drop the others, the most redundant first.
    - duplicate: of each set of copies keep one, drop the others; copies whose labels differ are
      reviewed.
    - leak: remove the copies nearer to training.
    - mislabeled: relabel.
    - outlier: review.
    - every other kind: collect more clips like the held-out ones that are listed.

    The row order does not matter. What the numbers mean: `docs/explanation/insights.md`.
    """
    if finding.kind == "over_represented":
        return _prune(finding, clips)
    if finding.kind in ("duplicate", "leak"):
        return _separate(finding, clips)
    order = np.lexsort([clips.clip_ids[finding.rows], -finding.weights])
    if finding.kind == "mislabeled":
        return [
            Step(int(finding.rows[i]), Verb.RELABEL, float(finding.weights[i]),
                 suggested_class=str(finding.suggested[i]))
            for i in order
        ]  # fmt: skip
    if finding.kind == "outlier":
        return [Step(int(finding.rows[i]), Verb.REVIEW, float(finding.weights[i])) for i in order]
    return _collect(finding, clips)


def _prune(finding: Finding, clips: ClipTable) -> list[Step]:
    rows = by_id(finding.core, clips)
    effect = finding.effect if np.isfinite(finding.effect) else 1.0
    wanted = int(np.clip(round(len(rows) / max(1.0, effect)), 1, len(rows)))
    chosen, shares = representatives(clips.coordinates[rows], wanted)
    kept = [Step(int(rows[c]), Verb.KEEP, float(s)) for c, s in zip(chosen, shares, strict=True)]
    others = np.delete(rows, chosen)
    if not len(others):
        return kept
    partners, apart = nearest(others, rows[chosen], clips)
    likeness = np.exp(-apart / max(float(np.median(apart)), 1e-12))
    return kept + [
        Step(int(others[i]), Verb.DROP, float(likeness[i]), partner=int(partners[i]))
        for i in np.argsort(-likeness, kind="stable")
    ]


def _separate(finding: Finding, clips: ClipTable) -> list[Step]:
    out = []
    for copies in _sets(finding, clips):
        if finding.kind == "leak":
            out += _remove_leaked(copies, clips)
        elif len(np.unique(clips.labels[copies])) > 1:
            out += [Step(int(a), Verb.REVIEW, 1.0, partner=int(b)) for a, b in _ring(copies)]
        else:
            (middle,), _ = representatives(clips.coordinates[copies], 1)
            out.append(Step(int(copies[middle]), Verb.KEEP, 1.0))
            out += [
                Step(int(row), Verb.DROP, 1.0, partner=int(copies[middle]))
                for row in np.delete(copies, middle)
            ]
    return out


def _ring(copies: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(copies.tolist(), np.roll(copies, -1).tolist(), strict=True))


def _remove_leaked(copies: np.ndarray, clips: ClipTable) -> list[Step]:
    """Keep the copies of a leak that are furthest from training (test, else val, else others)."""
    distance = np.array([_DISTANCE.get(split, 1) for split in clips.splits[copies].tolist()])
    if distance.min() == distance.max():  # both splits are the user's: keep the first by name
        distance = (clips.splits[copies] == np.sort(clips.splits[copies])[0]).astype(int)
    staying = copies[distance == distance.max()]
    return [Step(int(row), Verb.KEEP, 1.0) for row in staying] + [
        Step(int(row), Verb.REMOVE, 1.0, partner=int(staying[0]))
        for row in copies[distance < distance.max()]
    ]


_DISTANCE = {Split.TRAIN: 0, Split.VAL: 2, Split.TEST: 3}


def _sets(finding: Finding, clips: ClipTable) -> list[np.ndarray]:
    """Return sets of rows that repeat one another, directly or through others, sorted by id."""
    paired = finding.partners >= 0
    rows, partners = finding.rows[paired], finding.partners[paired]
    known = by_id(np.unique(np.concatenate([rows, partners])), clips)
    position = {row: at for at, row in enumerate(known.tolist())}
    ends = [[position[row] for row in side.tolist()] for side in (rows, partners)]
    graph = coo_matrix((np.ones(len(rows)), (ends[0], ends[1])), shape=(len(known), len(known)))
    _, number = connected_components(graph, directed=False)
    return [known[number == each] for each in range(number.max(initial=-1) + 1)]


def _collect(finding: Finding, clips: ClipTable) -> list[Step]:
    """Choose held-out members that represent the group, else the held-out clips nearest to it."""
    core = by_id(finding.core, clips)
    held = core[np.isin(clips.splits[core], HELD_OUT)]
    shown = held if len(held) else core
    chosen, shares = representatives(clips.coordinates[shown], min(MOST_COLLECTED, len(shown)))
    members = shown[chosen]
    alike = labelled(np.unique(clips.labels[core]), clips) & np.isin(clips.splits, HELD_OUT)
    candidates = by_id(np.flatnonzero(alike), clips)
    if len(held) or not len(candidates):
        return [Step(int(m), Verb.COLLECT, float(s)) for m, s in zip(members, shares, strict=True)]
    found, _ = nearest(members, candidates, clips)
    stands_for: dict[int, float] = {}
    for row, share in zip(found.tolist(), shares.tolist(), strict=True):
        stands_for[row] = stands_for.get(row, 0.0) + share
    first = {row: int(m) for row, m in zip(found[::-1].tolist(), members[::-1], strict=True)}
    return [
        Step(row, Verb.COLLECT, min(1.0, share), partner=first[row])
        for row, share in stands_for.items()
    ]
