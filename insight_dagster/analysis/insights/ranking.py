"""Findings that become insights: corrected over the run, freed of repeats, ordered by severity.

Correction, merging, ids and order belong here; finding groups (`kinds`) and the layout of the
tables (`rows`) do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.numerics.effect_sizes import jaccard
from insight_dagster.analysis.numerics.multiple_testing import selective_q

CONFIRMED = 0.05
"""Largest q-value of a confirmed finding where all candidates are returned (an fdr of 1)."""
_SURE = 1e-3
"""Below this q-value (or p-value) a finding is not preferred for a smaller one."""
_SAME = 0.5


@dataclass(frozen=True)
class Ranked:
    """A finding that is an insight, with its q-value, severity and id."""

    finding: Finding
    q_value: float
    severity: float
    insight_id: str


def rank(tests: Sequence[KindTest], clips: ClipTable, *, fdr: float) -> list[Ranked]:
    """Return findings with q <= fdr and a relevant effect, without repeats, by falling severity.

    At an fdr of 1 every candidate is returned, whatever its effect.

    Args:
        tests: tests that were run, with or without findings.
        clips: the clip table that the findings' rows refer to.
        fdr: largest q-value, over all tests.
    """
    found = [test.findings for test in tests]
    q_values = selective_q(
        [np.array([each.p_value for each in findings]) for findings in found],
        [test.kind for test in tests],
    )
    passed = [
        (float(q), each)
        for findings, values in zip(found, q_values, strict=True)
        for each, q in zip(findings, values, strict=True)
        if q <= fdr and (each.relevant or fdr >= 1)
    ]
    passed.sort(
        key=lambda pair: (max(pair[0], _SURE), max(pair[1].p_value, _SURE), -_weight(pair[1]))
    )
    confirmed = [q <= (fdr if fdr < 1 else CONFIRMED) for q, _ in passed]
    ranked = []
    for position, finding in merge_repeats([each for _, each in passed], confirmed):
        q_value = passed[position][0]
        size = len(clips.of_class(finding.class_name))
        severity = finding.severity(q_value=q_value, class_size=size)
        ranked.append(Ranked(finding, q_value, severity, _identity(finding, clips)))
    return sorted(ranked, key=lambda each: (-each.severity, each.insight_id))


def _weight(finding: Finding) -> float:
    return float(np.nan_to_num(finding.effect)) * float(np.sqrt(len(finding.core)))


def _identity(finding: Finding, clips: ClipTable) -> str:
    core = sorted(clips.clip_ids[finding.core].tolist())
    parts = [finding.kind, finding.class_name, finding.population, finding.other_class, *core]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def merge_repeats(
    findings: Sequence[Finding], confirmed: Sequence[bool]
) -> list[tuple[int, Finding]]:
    """Merge findings that repeat an earlier one, and return those left with their positions.

    Findings of one kind, population, class and class pair repeat one another where their core
    members have a Jaccard similarity of at least a half. Where both are confirmed, sharing half
    of the smaller one's core members is enough: a group inside another is the same problem seen
    closer. An unconfirmed group is a guess and absorbs only similar ones. The first of a set of
    repeats stays, with the mean scores of those that are similar to it.

    Args:
        findings: candidates in order of preference.
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
    return [(k, _merge(findings[k], [findings[r] for r in repeats[k]])) for k in kept]


def _is_same(first: Finding, second: Finding, *, nested: bool) -> bool:
    subjects = [(f.kind, f.population, f.class_name, f.other_class) for f in (first, second)]
    if subjects[0] != subjects[1]:
        return False
    if jaccard(first.core, second.core) >= _SAME:
        return True
    shared = len(np.intersect1d(first.core, second.core, assume_unique=True))
    return nested and shared >= _SAME * max(1, min(len(first.core), len(second.core)))


def _merge(finding: Finding, repeats: list[Finding]) -> Finding:
    """Return a finding that names all generators of its repeats and averages their scores."""
    if not repeats:
        return finding
    names = {name for each in (finding, *repeats) for name in each.found_by}
    alike = [each for each in repeats if jaccard(finding.core, each.core) >= _SAME]
    if not len(finding.scores) or not alike:
        return replace(finding, found_by=tuple(sorted(names)))
    scores = np.mean([finding.scores, *(each.scores for each in alike)], axis=0)
    return replace(finding, found_by=tuple(sorted(names)), scores=scores.astype(np.float32))
