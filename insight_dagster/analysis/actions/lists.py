"""The steps that an insight asks for, clip by clip.

Which verb a kind takes and in which order belong here; what the steps bring does not (`probe`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.actions.representatives import representatives
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding

HELD_OUT = ("val", "test")
_COLLECT = 12


@dataclass(frozen=True)
class Step:
    """One clip and what to do with it; rows refer to the clip table.

    Attributes:
        row: of the clip.
        verb: keep, drop, relabel, remove, collect or review.
        confidence: how sure the step is, 0..1; of kept and collected clips the share of the group
            that they stand for.
        suggested_class: label to give, '' = none.
        partner: row of the clip that stays in its place, -1 = none.
    """

    row: int
    verb: str
    confidence: float
    suggested_class: str = ""
    partner: int = -1


def steps(finding: Finding, clips: ClipTable) -> list[Step]:
    """What to do because of a finding, most important first.

    - over_represented: keep as many representatives as the class would have there by chance
      (size over effect), drop the others, the most redundant first.
    - duplicate: of each set of copies keep one, drop the others; leak: remove the training side.
    - mislabeled: relabel.
    - outlier: review.
    - every other kind: collect more clips like these held-out (else these) members.
    """
    if finding.kind == "over_represented":
        return _prune(finding, clips)
    if finding.kind in ("duplicate", "leak"):
        return _separate(finding, clips)
    order = np.argsort(-finding.weights, kind="stable")
    if finding.kind == "mislabeled":
        return [
            Step(int(finding.rows[i]), "relabel", float(finding.weights[i]),
                 suggested_class=str(finding.suggested[i]))
            for i in order
        ]  # fmt: skip
    if finding.kind == "outlier":
        return [Step(int(finding.rows[i]), "review", float(finding.weights[i])) for i in order]
    return _collect(finding, clips)


def _prune(finding: Finding, clips: ClipTable) -> list[Step]:
    rows = finding.core
    wanted = int(np.clip(round(len(rows) / max(1.0, finding.effect)), 1, len(rows)))
    chosen, shares = representatives(clips.coordinates[rows], wanted)
    kept = [Step(int(rows[c]), "keep", float(s)) for c, s in zip(chosen, shares, strict=True)]
    others = np.setdiff1d(np.arange(len(rows)), chosen)
    apart = np.linalg.norm(
        clips.coordinates[rows[others]][:, None] - clips.coordinates[rows[chosen]][None], axis=2
    )
    scale = max(float(np.median(apart)), 1e-12) if apart.size else 1.0
    nearest = apart.argmin(axis=1) if apart.size else np.zeros(0, np.int64)
    dropped = [
        Step(
            int(rows[o]), "drop", float(np.exp(-apart[i, n] / scale)), partner=int(rows[chosen[n]])
        )
        for i, (o, n) in enumerate(zip(others, nearest, strict=True))
    ]
    return kept + sorted(dropped, key=lambda step: (-step.confidence, step.row))


def _separate(finding: Finding, clips: ClipTable) -> list[Step]:
    """Copies: one of each set stays; of a leak the held-out side."""
    out = []
    for copies in _sets(finding):
        held = [row for row in copies if clips.splits[row] in HELD_OUT]
        if finding.kind == "leak" and held and len(held) < len(copies):
            staying, leaving = held, [row for row in copies if row not in held]
        else:
            staying, leaving = copies[:1], copies[1:]
        verb = "remove" if finding.kind == "leak" else "drop"
        out += [Step(row, "keep", 1.0) for row in staying]
        out += [Step(row, verb, 1.0, partner=staying[0]) for row in leaving]
    return out


def _sets(finding: Finding) -> list[list[int]]:
    """Rows that repeat one another, directly or through others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    known = np.unique(np.concatenate([finding.rows, finding.partners]))
    ends = np.searchsorted(known, np.stack([finding.rows, finding.partners]))
    graph = coo_matrix((np.ones(ends.shape[1]), tuple(ends)), shape=(len(known), len(known)))
    _, number = connected_components(graph, directed=False)
    return [known[number == each].tolist() for each in range(number.max(initial=-1) + 1)]


def _collect(finding: Finding, clips: ClipTable) -> list[Step]:
    core = finding.core
    held = core[np.isin(clips.splits[core], HELD_OUT)]
    shown = held if len(held) else core
    chosen, shares = representatives(clips.coordinates[shown], min(_COLLECT, len(shown)))
    return [Step(int(shown[c]), "collect", float(s)) for c, s in zip(chosen, shares, strict=True)]
