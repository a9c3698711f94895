"""Each kind of insight finds what is planted of it, and names it."""

import numpy as np
import pytest

from insight_dagster.analysis.insights import discover
from tests.support.synthetic_clips import NAMES, null_clips, planted_clips, with_values


@pytest.fixture(scope="module")
def library():
    clips, truth = planted_clips(seed=1)
    discovery = discover(clips)
    results = {name: discovery.of_class(name) for name in NAMES}
    return clips, truth, results


def rows_of(clips, result, kind, **wanted):
    """Members of the first insight of a kind, as rows, and the insight."""
    for insight in result.insights.to_pylist():
        if insight["kind"] == kind and all(insight[k] == v for k, v in wanted.items()):
            ids = [
                member["clip_id"]
                for member in result.members.to_pylist()
                if member["insight_id"] == insight["insight_id"]
            ]
            return np.searchsorted(clips.clip_ids, ids), insight
    raise AssertionError(f"no {kind} {wanted} in {result.insights['sentence'].to_pylist()}")


def overlap(rows, planted):
    both = np.isin(rows, planted).sum()
    return both / len(planted), both / len(rows)


def test_over_represented_is_the_tight_group(library):
    clips, truth, results = library
    rows, insight = rows_of(clips, results["snow"], "over_represented")
    recall, precision = overlap(rows, truth["tight"])
    assert min(recall, precision) >= 0.9
    assert insight["ci_low"] > 1.5
    assert "12 snow clips" in insight["sentence"]


def test_low_performance_is_the_failing_group_with_its_fields_as_causes(library):
    clips, truth, results = library
    rows, insight = rows_of(clips, results["disc"], "low_performance", population="all")
    recall, precision = overlap(rows, truth["failing"])
    assert min(recall, precision) >= 0.8
    assert insight["accuracy"] < 0.6
    causes = [c for c in results["disc"].causes.to_pylist()
              if c["insight_id"] == insight["insight_id"]]  # fmt: skip
    assert {c["field"] for c in causes[:4]} == {f"field_{n}" for n in range(4)}
    assert all(c["direction"] == "higher" and c["q_value"] < 0.01 for c in causes[:4])
    assert [c["rank"] for c in causes] == list(range(1, len(causes) + 1))
    assert all(c["value_inside"] > 4 > c["value_outside"] for c in causes[:4])


def test_class_confusion_is_directed(library):
    clips, truth, results = library
    rows, insight = rows_of(clips, results["abseil"], "class_confusion")
    assert insight["other_class"] == "rocks"
    assert set(truth["confused"]) <= set(rows)
    assert "class_confusion" not in results["rocks"].insights["kind"].to_pylist()


def test_mislabeled_clips_get_the_class_that_they_show(library):
    clips, truth, results = library
    listed = {}
    for name in NAMES:
        insights = results[name].insights.to_pylist()
        ids = {each["insight_id"] for each in insights if each["kind"] == "mislabeled"}
        for member in results[name].members.to_pylist():
            if member["insight_id"] in ids:
                listed[member["clip_id"]] = member["suggested_class"]
    planted = {
        clips.clip_ids[row]: NAMES[(list(NAMES).index(clips.labels[row]) + 1) % 5]
        for row in truth["wrong"]
    }
    right = {clip for clip in listed if planted.get(clip) == listed[clip]}
    assert len(right) >= 0.7 * len(planted)
    assert len(right) >= 0.5 * len(listed)


@pytest.mark.parametrize("kind", ["duplicate", "leak"])
def test_copies_name_each_other(library, kind):
    clips, truth, results = library
    rows, insight = rows_of(clips, results["hoops"], kind)
    assert rows.tolist() == truth[kind].tolist()
    partner = {
        member["clip_id"]: member["partner_clip_id"]
        for member in results["hoops"].members.to_pylist()
        if member["insight_id"] == insight["insight_id"]
    }
    assert all(partner[partner[clip]] == clip for clip in partner)


def test_a_dense_similar_group_is_no_copy(library):
    _, _, results = library
    assert not {"duplicate", "leak"} & set(results["snow"].insights["kind"].to_pylist())


@pytest.mark.parametrize(("size", "pictures"), [(7, True), (13, True), (20, True), (7, False)])
def test_many_copies_of_one_clip_do_not_hide_one_another(size, pictures):
    clips, truth = planted_clips(seed=1)
    rng = np.random.default_rng(size)
    plain = np.setdiff1d(clips.of_class("hoops"), [*truth["duplicate"], *truth["leak"]])
    members = np.sort(plain[clips.splits[plain] == clips.splits[plain[0]]][:size])
    coordinates = clips.coordinates.copy()
    signature, splits = clips.signature.copy(), clips.splits.copy()
    coordinates[members] = coordinates[members[0]] + rng.normal(scale=1e-3, size=(size, 1))
    noise = rng.integers(0, 2, (size, signature.shape[1])).astype(np.uint8)
    signature[members] = np.minimum(signature[members[0]], 254) + noise
    if not pictures:
        signature = signature[:, :0]
    changed = with_values(clips, coordinates=coordinates, signature=signature, splits=splits)
    (finding,) = [
        ranked.finding
        for ranked in discover(changed).ranked
        if ranked.finding.kind == "duplicate" and ranked.finding.class_name == "hoops"
    ]
    assert set(members) <= set(finding.rows)
    partner = dict(zip(finding.rows.tolist(), finding.partners.tolist(), strict=True))
    assert {partner[row] for row in members.tolist()[1:]} == {members[0]}


def test_a_leak_is_not_hidden_by_a_duplicate():
    clips, truth = planted_clips(seed=1)
    first = truth["duplicate"][0]
    coordinates, signature = clips.coordinates.copy(), clips.signature.copy()
    third = truth["leak"][0]
    coordinates[third], signature[third] = coordinates[first] + 1e-3, signature[first]
    splits = clips.splits.copy()
    splits[third] = "val"
    changed = with_values(clips, coordinates=coordinates, signature=signature, splits=splits)
    result = discover(changed).of_class("hoops")
    leaks, _ = rows_of(changed, result, "leak")
    assert {first, third} <= set(leaks)


def test_misclassified_training_clips_are_searched_on_their_own():
    clips = null_clips(seed=3, clips=500)
    rng = np.random.default_rng(0)
    wrong = np.flatnonzero((clips.correct == 0) & (clips.splits == "train"))
    group = wrong[: len(wrong) // 3]
    leading = "disc"
    labels = clips.labels.copy()
    labels[group] = leading
    predicted = clips.predicted.copy()
    predicted[group] = "snow"
    loss, metadata = clips.loss.copy(), clips.metadata.copy()
    loss[group] = 6 + rng.random(len(group))
    metadata.iloc[group, 2] = -6 + 0.1 * rng.normal(size=len(group))
    changed = with_values(clips, labels=labels, predicted=predicted, loss=loss, metadata=metadata)
    result = discover(changed).of_class(leading)
    rows, insight = rows_of(changed, result, "low_performance", population="misclassified_train")
    assert min(overlap(rows, group)) >= 0.8
    assert "in the rest of the training clips that the model gets wrong" in insight["sentence"]
