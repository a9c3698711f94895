"""Causes: what is planted leads, relatives follow it, levels and rules are found, noise is not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from insight_dagster.analysis.insights.causes.explain import explain
from insight_dagster.analysis.insights.causes.histograms import BINS
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.phrases import cause_phrases
from tests.support.synthetic_clips import null_clips, with_values


def group_of(clips, size, *, class_name="disc"):
    return clips.of_class(class_name)[:size]


def finding(rows):
    return Finding(
        kind="low_performance", population="all", rows=rows, weights=np.ones(len(rows)),
        effect_name="e", effect=1.0, ci_low=0.5, ci_high=1.5, p_value=0.01, strength=0.5,
        relevant=True, sentence="", action="", class_name="disc",
    )  # fmt: skip


def causes_of(clips, rows, **options):
    return explain([("id", finding(rows))], clips, seed=0, fdr=0.05, **options)[0]


def test_twelve_relatives_read_as_one_cause():
    clips = null_clips(seed=1, clips=800)
    rng = np.random.default_rng(0)
    rows = group_of(clips, 40)
    motion = rng.normal(size=len(clips))
    motion[rows] += 2.5
    own = rng.normal(size=(len(clips), 12))
    metadata = pd.DataFrame(
        0.75 * motion[:, None] + np.sqrt(1 - 0.75**2) * own,
        columns=[f"flow_{n}" for n in range(12)],
    ).assign(motion=motion, light=rng.normal(size=len(clips)), noise=rng.normal(size=len(clips)))
    metadata.loc[rows, "light"] -= 1.5
    found = causes_of(with_values(clips, metadata=metadata), rows)
    leaders = [each.field for each in found if each.relative_of is None]
    assert leaders == ["motion", "light"]
    kin = [each for each in found if each.relative_of == "motion"]
    assert len([each for each in kin if each.direction != "rule"]) == 12
    assert all(each.unique_share < 0.2 for each in kin if each.direction != "rule")
    phrases = cause_phrases(found)
    assert phrases[0].startswith("higher motion (also flow_")
    assert phrases[1] == "lower light"


def test_levels_of_text_are_causes_and_names_are_not():
    clips = null_clips(seed=2, clips=600)
    rng = np.random.default_rng(1)
    rows = group_of(clips, 40)
    camera = rng.choice(["phone", "drone", "action"], len(clips)).astype(object)
    camera[rows[:34]] = "drone"
    camera[::11] = None
    metadata = pd.DataFrame({
        "camera": camera, "name": [f"clip {n}" for n in range(len(clips))], "same": "x",
    })  # fmt: skip
    found = causes_of(with_values(clips, metadata=metadata), rows)
    assert found[0].field == "camera = drone"
    known = pd.Series(camera[rows]).dropna()
    assert found[0].value_inside == pytest.approx((known == "drone").mean())
    assert not [each for each in found if each.field.startswith(("name", "same"))]


def test_ten_thousand_categories_say_nothing_and_cost_little():
    clips = null_clips(seed=3, clips=12_000)
    metadata = pd.DataFrame({"name": [f"n{n % 10_000}" for n in range(12_000)]})
    assert causes_of(with_values(clips, metadata=metadata), group_of(clips, 50)) == []


def test_p_values_of_chance_are_uniform():
    clips = null_clips(seed=4, clips=900)
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(60):
        rows = np.sort(rng.permutation(clips.of_class("disc"))[:30])
        found = explain([("id", finding(rows))], clips, seed=0, fdr=1.0)[0]
        p_values += [each.p_value for each in found if each.field == "field_3"]
    assert len(p_values) == 60
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_a_rule_comes_last_and_names_its_conditions():
    clips = null_clips(seed=6, clips=1000)
    rng = np.random.default_rng(3)
    light, motion = rng.normal(size=(2, len(clips)))
    disc = clips.labels == "disc"
    rows = np.flatnonzero(
        disc & (light > np.quantile(light, 0.5)) & (motion < np.quantile(motion, 0.5))
    )
    metadata = pd.DataFrame({"light": light, "motion": motion})
    found = causes_of(with_values(clips, metadata=metadata), rows)
    assert found[-1].direction == "rule"
    assert found[-1].field.startswith(("light >= ", "motion <= "))
    assert " and " in found[-1].field
    assert found[-1].value_inside > 0.95
    assert cause_phrases(found)[-1] == found[-1].field


def test_the_row_order_does_not_matter():
    clips = null_clips(seed=7, clips=300)
    rows = group_of(clips, 25)
    metadata = clips.metadata.copy()
    metadata.iloc[rows, 1] += 1.5
    changed = with_values(clips, metadata=metadata)
    order = np.random.default_rng(0).permutation(len(clips))
    again = changed.take(order).sorted_by_id()
    assert causes_of(changed, rows) == causes_of(again, rows)


def test_histograms_are_of_the_clips_that_were_compared():
    """The other classes differ widely; the histograms show what the medians are of."""
    clips = null_clips(seed=4, clips=900)
    rng = np.random.default_rng(1)
    rows = group_of(clips, 40)
    light = rng.normal(size=len(clips)) + np.where(clips.labels == "disc", 0.0, 50.0)
    light[rows] += 3
    found = causes_of(with_values(clips, metadata=pd.DataFrame({"light": light})), rows)[0]
    own = np.setdiff1d(np.flatnonzero(clips.labels == "disc"), rows)
    assert found.value_outside == pytest.approx(np.median(light[own]))
    edges = np.linspace(found.spread_low, found.spread_high, BINS + 1)
    assert edges[-1] < 10
    for side, chosen in (("spread_inside", rows), ("spread_outside", own)):
        counts = np.histogram(np.clip(light[chosen], edges[0], edges[-1]), edges)[0]
        np.testing.assert_allclose(getattr(found, side), counts / len(chosen))
