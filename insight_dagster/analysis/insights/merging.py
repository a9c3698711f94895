"""Findings that are the same group of clips become one, which names all that found it.

When two findings are the same belongs here; whether either is sure or severe does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.numerics.effect_sizes import jaccard

_SAME = 0.5


def merged(findings: Sequence[Finding], confirmed: Sequence[bool]) -> list[tuple[int, Finding]]:
    """The findings without repeats, each with its position.

    Findings of one kind, population, class pair and class repeat one another where half of the
    core members of both together are in both. Where both are confirmed, half of the smaller one's
    is enough: a group inside another is the same trouble seen closer. An unconfirmed group is a
    guess and takes nothing in but its like. The first stands for all: give them in the order of
    preference. Its scores are the mean over those that are alike.

    Args:
        findings: candidates.
        confirmed: for each, whether chance is ruled out.
    """
    kept: list[int] = []
    repeats: dict[int, list[int]] = {}
    for position, finding in enumerate(findings):
        same = [
            k
            for k in kept
            if _is_same(findings[k], finding, nested=confirmed[k] and confirmed[position])
        ]
        if same:
            repeats[same[0]].append(position)
        else:
            kept.append(position)
            repeats[position] = []
    return [(k, _joined(findings[k], [findings[r] for r in repeats[k]])) for k in kept]


def _is_same(first: Finding, second: Finding, *, nested: bool) -> bool:
    asked = [(f.kind, f.population, f.class_name, f.other_class) for f in (first, second)]
    if asked[0] != asked[1]:
        return False
    if jaccard(first.core, second.core) >= _SAME:
        return True
    shared = len(np.intersect1d(first.core, second.core, assume_unique=True))
    return nested and shared >= _SAME * max(1, min(len(first.core), len(second.core)))


def _joined(finding: Finding, repeats: list[Finding]) -> Finding:
    if not repeats:
        return finding
    names = {name for each in (finding, *repeats) for name in each.found_by}
    alike = [each for each in repeats if jaccard(finding.core, each.core) >= _SAME]
    if not len(finding.scores) or not alike:
        return replace(finding, found_by=tuple(sorted(names)))
    scores = np.mean([finding.scores, *(each.scores for each in alike)], axis=0)
    return replace(finding, found_by=tuple(sorted(names)), scores=scores.astype(np.float32))
