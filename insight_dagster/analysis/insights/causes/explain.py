"""The causes of all insights: fields that differ, corrected together, and a describing rule.

What a group is compared with, correction, order and relatives belong here; comparing one group
field by field (`field_comparison`) and choosing a rule (`describing_rule`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights.candidates.rules import Conditions, conditions
from insight_dagster.analysis.insights.causes.describing_rule import describing_rule
from insight_dagster.analysis.insights.causes.field_comparison import (
    FieldComparison,
    compare_fields,
)
from insight_dagster.analysis.insights.causes.histograms import histograms
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.numerics.effect_sizes import (
    bootstrap_standardised_difference,
    standardised_difference,
)
from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg
from insight_dagster.tables.insights import Cause

OWN_SHARE = 0.5
"""Least unique share of a cause that leads; one with less is a relative of a stronger one."""


@dataclass(frozen=True)
class _Compared:
    """The comparison of one insight's clips with others.

    Attributes:
        insight_id, class_name: of the insight.
        rows: (m,) rows of the clip table that were compared.
        inside: (m,) bool: core members.
        found: comparison field by field.
    """

    insight_id: str
    class_name: str
    rows: np.ndarray
    inside: np.ndarray
    found: FieldComparison


def explain(
    insights: Sequence[tuple[str, Finding]], clips: ClipTable, *, seed: int, fdr: float
) -> list[list[Cause]]:
    """Find the causes of each insight with q <= fdr, strongest first.

    q is Benjamini-Hochberg's over all insights and fields, with every level of a category counted.
    The strongest cause leads. A cause that adds little to the leaders before it follows the one
    that it is related to. A short rule comes last, where one describes the group clearly better.

    Args:
        insights: ids and findings.
        clips: the clip table that the findings' rows refer to.
        seed: of bootstrap, permutations and the halves that a rule is chosen and tested on.
        fdr: largest q-value of a cause.
    """
    names, values = clips.fields()
    if not insights or not names:
        return [[] for _ in insights]
    compared = [_compare(*insight, clips, values, seed) for insight in insights]
    q_values = benjamini_hochberg(
        np.concatenate([each.found.p_value for each in compared])
    ).reshape(len(insights), len(names))
    known = conditions(clips.metadata)
    out = []
    for each, q in zip(compared, q_values, strict=True):
        causes = _fields(names, values, each, q, fdr)
        out.append(causes + _rule(known, each, causes, seed))
    return out


def _compare(
    insight_id: str, finding: Finding, clips: ClipTable, values: np.ndarray, seed: int
) -> _Compared:
    """Compare core members with the other clips of the population that carry the same labels."""
    inside = np.zeros(len(clips), bool)
    inside[finding.core] = True
    pool = np.ones(len(clips), bool)
    if finding.population not in clips.contrasts:
        pool = clips.in_population(finding.population)
    pool = pool & np.isin(clips.labels, np.unique(clips.labels[finding.core]))
    outside = np.ones(len(clips), bool)
    outside[finding.rows] = False
    rows = np.flatnonzero(inside | (pool & outside))
    found = compare_fields(values[rows], inside[rows], rng=np.random.default_rng(seed))
    return _Compared(insight_id, finding.class_name, rows, inside[rows], found)


def _fields(
    names: list[str], values: np.ndarray, compared: _Compared, q_values: np.ndarray, fdr: float
) -> list[Cause]:
    """Return the fields with q <= fdr, leaders by strength, each followed by its relatives."""
    found = compared.found
    confirmed = np.flatnonzero(~np.isnan(found.p_value) & (q_values <= fdr))
    # A difference that a few extreme clips carry counts less than one that separates the groups.
    strength = np.abs(found.effect) * np.abs(2 * found.auc - 1)
    order = sorted(confirmed, key=lambda f: (-strength[f], names[f]))
    shares, leader_of = _relatives(values[compared.rows][:, order], compared.inside)
    leading = [p if leader_of[p] < 0 else leader_of[p] for p in range(len(order))]
    causes = []
    for rank, p in enumerate(sorted(range(len(order)), key=lambda p: (leading[p], p)), 1):
        f = order[p]
        shown = histograms(values[compared.rows, f], compared.inside)
        causes.append(
            Cause(
                insight_id=compared.insight_id,
                class_name=compared.class_name,
                rank=rank,
                field=names[f],
                direction="higher" if found.effect[f] >= 0 else "lower",
                effect=float(found.effect[f]),
                ci_low=float(found.ci_low[f]),
                ci_high=float(found.ci_high[f]),
                auc=float(found.auc[f]),
                p_value=float(found.p_value[f]),
                q_value=float(q_values[f]),
                value_inside=float(found.inside[f]),
                value_outside=float(found.outside[f]),
                unique_share=float(shares[p]),
                relative_of=names[order[leader_of[p]]] if leader_of[p] >= 0 else None,
                spread_low=shown.low,
                spread_high=shown.high,
                spread_inside=shown.inside,
                spread_outside=shown.outside,
            )
        )
    return causes


def _relatives(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unique share of every field, and the position of its leader, -1 = it leads.

    A field's unique share is what it adds to the squared Mahalanobis distance of the two groups,
    given the leaders before it, over what it has alone: the squared standardised difference of
    its residual over that of the field itself, 0 where the two differ in sign. A field with less
    than half is a relative of the leader that it correlates with most inside the groups.

    Args:
        values: (n, f), strongest field first; NaN = missing (replaced by the mean of its group).
        inside: (n,) bool.

    Source: test for additional information, Rao, Linear Statistical Inference (1973), 8c.4.
    """
    count = values.shape[1]
    shares, leader_of = np.ones(count), np.full(count, -1)
    if count < 2:
        return shares, leader_of
    means = np.stack([np.nanmean(values[side], axis=0) for side in (inside, ~inside)])
    centred = np.nan_to_num(values - means[np.where(inside, 0, 1)])
    gap = means[0] - means[1]
    within = centred.T @ centred / max(1, len(values) - 2)
    scale = np.sqrt(np.maximum(np.diag(within), 1e-24))
    correlation, gap = within / np.outer(scale, scale), gap / scale
    leaders = [0]
    for field in range(1, count):
        block = correlation[np.ix_(leaders, leaders)] + 1e-6 * np.eye(len(leaders))
        slopes = np.linalg.solve(block, correlation[leaders, field])
        left = gap[field] - slopes @ gap[leaders]
        variance = max(1 - float(slopes @ correlation[leaders, field]), 1e-6)
        kept = left * gap[field] > 0
        shares[field] = min(1.0, left**2 / variance / gap[field] ** 2) if kept else 0.0
        if shares[field] < OWN_SHARE:
            leader_of[field] = leaders[int(np.abs(correlation[leaders, field]).argmax())]
        else:
            leaders.append(field)
    return shares, leader_of


def _rule(
    known: Conditions, compared: _Compared, causes: Sequence[Cause], seed: int
) -> list[Cause]:
    """Return the rule that describes the group, if there is one, ranked after the causes."""
    rule = describing_rule(known.met[compared.rows], compared.inside, np.random.default_rng(seed))
    if rule is None:
        return []
    met = known.met[compared.rows][:, list(rule.parts)].all(axis=1).astype(np.float64)[:, None]
    effect = float(standardised_difference(met, compared.inside)[0])
    low, high = bootstrap_standardised_difference(
        met, compared.inside, draws=199, rng=np.random.default_rng(seed)
    )
    inside, outside = met[compared.inside].mean(), met[~compared.inside].mean()
    cause = Cause(
        insight_id=compared.insight_id,
        class_name=compared.class_name,
        rank=len(causes) + 1,
        field=" and ".join(known.texts[part] for part in rule.parts),
        direction="rule",
        effect=effect,
        ci_low=min(float(low[0]), effect),
        ci_high=max(float(high[0]), effect),
        auc=float((1 + inside - outside) / 2),
        p_value=rule.p_value,
        q_value=rule.p_value,
        value_inside=float(inside),
        value_outside=float(outside),
        unique_share=float("nan"),
        relative_of=causes[0].field if causes else None,
        spread_low=None,
        spread_high=None,
        spread_inside=None,
        spread_outside=None,
    )
    return [cause]
