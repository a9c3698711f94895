"""Test of whether a group holds a larger share of one side of the clips than of the other.

Shared by `under_represented` and `shift`. The test and its sentence belong here; the statistics
do not (`contrasts`).
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.candidates.groups import SelectedGroup
from insight_dagster.analysis.insights.candidates.max_t_scan import scan
from insight_dagster.analysis.insights.candidates.views import ClipViews, leading_class
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.insights.kinds.contrasts import (
    Contrast,
    share_ratio,
    share_statistics,
)
from insight_dagster.analysis.insights.phrases import clips_of


def share_ratio_test(
    views: ClipViews,
    contrast: Contrast,
    *,
    kind: str,
    population: str,
    smallest: float,
    action: str,
) -> KindTest:
    """Find groups whose share of the new side exceeds their share of the old side.

    Args:
        views: views of the clips.
        contrast: the two sides.
        kind: of the insights.
        population: of the insights.
        smallest: smallest ratio of the shares that matters.
        action: what to do about it.
    """
    name = f"{kind}/{population}/{contrast.new_name}/share"
    if not contrast.enough:
        return KindTest(name, skipped=contrast.shortage)
    labels = views.clips.labels[contrast.rows]
    family = views.all_groups_over(contrast.rows)
    if not family.groups:
        return KindTest(name, skipped="no groups of clips: there are too few, or all are alike")
    found = scan(family, share_statistics(contrast, labels), views.rng(name))
    findings = [
        _describe(views.clips, contrast, each, kind, population, smallest, action) for each in found
    ]
    return KindTest(name, tuple(findings))


def _describe(
    clips: ClipTable,
    contrast: Contrast,
    selected: SelectedGroup,
    kind: str,
    population: str,
    smallest: float,
    action: str,
) -> Finding:
    inside = np.zeros(len(contrast.rows), bool)
    inside[selected.members] = True
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
        p_value=selected.p_value,
        strength=1 - 1 / max(1.0, ratio.estimate),
        relevant=ratio.estimate >= smallest,
        sentence=sentence,
        action=action,
        class_name=owner,
        found_by=("groups",),
    )
