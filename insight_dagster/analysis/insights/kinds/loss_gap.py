"""Test of whether losses differ more between two sides inside a group than outside.

Shared by `overfitting` and `shift`. The test and its sentence belong here; the statistics do not
(`contrasts`).
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
    gap_difference,
    loss_gap_statistics,
)
from insight_dagster.analysis.insights.phrases import clips_of


def loss_gap_test(
    views: ClipViews,
    contrast: Contrast,
    *,
    kind: str,
    population: str,
    smallest: float,
    action: str,
) -> KindTest:
    """Find groups whose gap of mean losses exceeds that of the other clips.

    Args:
        views: views of the clips.
        contrast: the two sides.
        kind: of the insights.
        population: of the insights.
        smallest: smallest excess, in nat, that matters.
        action: what to do about it.
    """
    contrast = contrast.with_loss(views.clips)
    name = f"{kind}/{population}/{contrast.new_name}/gap"
    if not contrast.enough:
        return KindTest(name, skipped=contrast.shortage)
    family = views.all_groups_over(contrast.rows)
    if not family.groups:
        return KindTest(name, skipped="no groups of clips: there are too few, or all are alike")
    found = scan(family, loss_gap_statistics(contrast, views.clips), views.rng(name))
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
    loss = clips.loss[contrast.rows]
    excess = gap_difference(contrast, loss, inside)
    group = contrast.rows[inside]
    owner = leading_class(clips.labels[group])
    new, old = loss[inside & contrast.new].mean(), loss[inside & ~contrast.new].mean()
    new_rest, old_rest = loss[~inside & contrast.new].mean(), loss[~inside & ~contrast.new].mean()
    sentence = (
        f"{clips_of(clips.labels[group].tolist())} have mean loss {new:.2f} in {contrast.new_name} "
        f"against {old:.2f} in {contrast.old_name}; elsewhere it is {new_rest:.2f} against "
        f"{old_rest:.2f}."
    )
    gap = max(0.0, float(np.nan_to_num(excess.estimate)))
    return Finding(
        kind=kind,
        population=population,
        rows=group,
        weights=np.ones(len(group)),
        effect_name=f"gap of mean loss, {contrast.new_name} - {contrast.old_name}, above that of "
        "the other clips (nat)",
        effect=excess.estimate,
        ci_low=excess.low,
        ci_high=excess.high,
        p_value=selected.p_value,
        strength=gap / (1 + gap),
        relevant=excess.estimate >= smallest,
        sentence=sentence,
        action=action,
        class_name=owner,
        found_by=("groups",),
    )
