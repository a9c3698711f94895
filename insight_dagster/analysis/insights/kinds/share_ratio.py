"""The question whether a group's share differs between two sides, and its answer in words.

Shared by the kinds that ask it (`under_represented`, `shift`); statistics are in `contrasts`.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.candidates.max_t_scan import Tested, scan
from insight_dagster.analysis.insights.candidates.views import Search, leading_class
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, Question
from insight_dagster.analysis.insights.kinds.contrasts import Contrast, share_excess, share_ratio
from insight_dagster.analysis.insights.wording import clips_of


def ask(
    search: Search, contrast: Contrast, *, kind: str, population: str, smallest: float, action: str
) -> list[Question]:
    """Groups whose share of the new side exceeds that of the old side.

    Args:
        search: the clips.
        contrast: the two sides.
        kind: of the insights.
        population: name that they carry.
        smallest: ratio of the shares from which on a difference matters.
        action: what to do about it.
    """
    name = f"{kind}/{population}/{contrast.new_name}/share"
    if not contrast.enough:
        return [Question(name, (), contrast.shortage)]
    labels = search.clips.labels[contrast.rows]
    family = search.all_groups_over(contrast.rows)
    if not family.groups:
        return [Question(name, (), "no groups of clips: there are too few, or all are alike")]
    found = scan(family, share_excess(contrast, labels), search.rng(name))
    findings = [
        _describe(search.clips, contrast, each, kind, population, smallest, action)
        for each in found
    ]
    return [Question(name, tuple(findings))]


def _describe(
    clips: ClipTable,
    contrast: Contrast,
    tested: Tested,
    kind: str,
    population: str,
    smallest: float,
    action: str,
) -> Finding:
    inside = np.zeros(len(contrast.rows), bool)
    inside[tested.members] = True
    ratio = share_ratio(contrast, inside)
    group = contrast.rows[inside]
    new, old = (inside & contrast.new).sum(), (inside & ~contrast.new).sum()
    owner = leading_class(clips.labels[group])
    sentence = (
        f"{clips_of(clips.labels[group].tolist())} are {new / contrast.new.sum():.1%} of "
        f"{contrast.new_name} ({new} clips) and {old / (~contrast.new).sum():.1%} of "
        f"{contrast.old_name} ({old})."
    )
    return Finding(
        kind=kind,
        population=population,
        rows=group,
        weights=np.ones(len(group)),
        effect_name=f"share of {contrast.new_name} over share of {contrast.old_name}",
        effect=ratio.estimate,
        ci_low=ratio.low,
        ci_high=ratio.high,
        p_value=tested.p_value,
        strength=1 - 1 / max(1.0, ratio.estimate),
        relevant=ratio.estimate >= smallest,
        sentence=sentence,
        action=action,
        class_name=owner,
        found_by=("groups",),
    )
