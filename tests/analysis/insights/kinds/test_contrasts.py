"""Kinds that compare sides of the clips, and clips that lie alone: they find what is planted."""

import numpy as np
import pytest

from insight_dagster.analysis.insights import discover
from tests.support.synthetic_clips import NAMES, null_clips, with_values


@pytest.fixture(scope="module")
def grouped():
    """A null library with a separate place in class `disc`, and the rows of that place."""
    clips = null_clips(seed=11, clips=600)
    of_disc = clips.of_class("disc")
    group = of_disc[:40]
    coordinates = clips.coordinates.copy()
    coordinates[group, :3] += 12.0
    return with_values(clips, coordinates=coordinates), group


def only(discovery, kind, population="all"):
    found = [
        each.finding
        for each in discovery.ranked
        if (each.finding.kind, each.finding.population) == (kind, population)
    ]
    assert len(found) == 1, [each.finding.sentence for each in discovery.ranked]
    return found[0]


def recall_precision(finding, planted):
    shared = np.isin(finding.core, planted).sum()
    return shared / len(planted), shared / len(finding.core)


def test_under_represented_is_the_place_that_training_lacks(grouped):
    clips, group = grouped
    splits = np.random.default_rng(1).choice(["train", "val"], len(clips), p=[0.8, 0.2])
    splits[group] = np.where(np.arange(len(group)) < 4, "train", "val")
    found = only(discover(with_values(clips, splits=splits)), "under_represented")
    assert min(recall_precision(found, group)) >= 0.9
    assert found.class_name == "disc"
    assert found.ci_low > 2
    assert "(4)" in found.sentence


def test_overfitting_is_the_place_with_the_gap(grouped):
    clips, group = grouped
    loss = clips.loss.copy()
    held_out = np.isin(clips.splits, ("val", "test"))
    loss[group] = np.where(held_out[group], 3.0, 0.1) + 0.2 * np.random.default_rng(0).random(40)
    found = only(discover(with_values(clips, loss=loss)), "overfitting")
    assert min(recall_precision(found, group)) >= 0.9
    assert 1.5 < found.ci_low < found.effect < found.ci_high


@pytest.mark.parametrize("turned", [False, True])
def test_shift_tells_which_side_holds_the_group(grouped, turned):
    clips, group = grouped
    rng = np.random.default_rng(2)
    night = (rng.random(len(clips)) < (0.6 if turned else 0.4)).astype(float)
    night[group] = 0.0 if turned else 1.0
    night[:20] = np.nan
    found = only(discover(with_values(clips, contrasts={"night": night})), "shift", "night")
    assert min(recall_precision(found, group[~np.isnan(night[group])])) >= 0.9
    assert found.effect_name.startswith("share of not night" if turned else "share of night")


def test_shift_of_losses_alone(grouped):
    clips, group = grouped
    rng = np.random.default_rng(3)
    night = (rng.random(len(clips)) < 0.5).astype(float)
    loss = clips.loss.copy()
    loss[group] = 0.02 + 2.5 * night[group] + 0.1 * rng.random(len(group))
    found = only(
        discover(with_values(clips, contrasts={"night": night}, loss=loss)), "shift", "night"
    )
    assert min(recall_precision(found, group)) >= 0.9
    assert found.effect == pytest.approx(2.5, abs=0.7)


def test_outliers_are_the_clips_that_lie_alone():
    clips = null_clips(seed=12, clips=600)
    rows = clips.of_class("snow")[:3]
    coordinates = clips.coordinates.copy()
    coordinates[rows] += np.eye(3, coordinates.shape[1]) * 40
    found = only(discover(with_values(clips, coordinates=coordinates)), "outlier")
    assert found.rows.tolist() == rows.tolist()
    assert found.effect > 2
    assert found.soft_scores(len(clips)).argmax() in rows


def test_contrasts_with_few_clips_are_skipped():
    clips = null_clips(seed=13)
    splits = np.full(len(clips), "train")
    splits[:10] = "val"
    night = np.zeros(len(clips))
    night[:5] = 1
    discovery = discover(with_values(clips, splits=splits, contrasts={"night": night}))
    kinds = {each.finding.kind for each in discovery.ranked}
    assert not kinds & {"under_represented", "overfitting", "shift"}
    assert tuple(NAMES) == discovery.clips.classes
