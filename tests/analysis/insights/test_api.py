"""The library entry point: arrays in, ranked insights on the rows that were given out."""

import numpy as np
import pandas as pd
import pytest

from insight_dagster.analysis.insights import find_insights


def arrays(*, seed=0, n=500, errors=0.75):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    embeddings = rng.normal(size=(n, 16)) + 5 * np.eye(3, 16)[labels]
    group = np.flatnonzero(labels == 1)[:40]
    embeddings[group, 5] += 5
    rate = np.full(n, 0.08)
    rate[group] = errors
    predicted = np.where(rng.random(n) < rate, (labels + rng.integers(1, 3, n)) % 3, labels)
    probabilities = np.full((n, 3), 0.1)
    probabilities[np.arange(n), predicted] = 0.8
    probabilities += 0.01 * rng.random((n, 3))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    metadata = pd.DataFrame({"light": rng.normal(size=n), "noise": rng.normal(size=n)})
    metadata.loc[group, "light"] += 3
    return (
        (embeddings.astype(np.float32), labels, probabilities.astype(np.float32)),
        metadata,
        group,
    )


def test_the_planted_slice_comes_first_with_its_cause():
    given, metadata, group = arrays()
    insights = find_insights(*given, metadata=metadata)
    first = next(each for each in insights if each.kind == "low_performance")
    assert first.class_name == "1"
    assert np.isin(first.members, group).mean() > 0.85
    assert np.isin(np.argsort(-first.scores)[:25], group).all()
    assert first.scores.dtype == np.float32
    assert first.scores.shape == (500,)
    assert (first.causes[0].field, first.causes[0].direction) == ("light", "higher")
    assert first.q_value <= 0.05
    assert [each.severity for each in insights] == sorted(
        (each.severity for each in insights), reverse=True
    )


def test_the_row_order_does_not_matter():
    given, metadata, _ = arrays(seed=1)
    order = np.random.default_rng(0).permutation(len(metadata))
    straight = find_insights(*given, metadata=metadata)
    shuffled = find_insights(*(each[order] for each in given), metadata=metadata.iloc[order])
    assert straight
    assert len(straight) == len(shuffled)
    for one, other in zip(straight, shuffled, strict=True):
        assert (one.insight_id, one.sentence, one.severity) == (
            other.insight_id, other.sentence, other.severity,
        )  # fmt: skip
        np.testing.assert_array_equal(one.members, np.sort(order[other.members]))
        np.testing.assert_array_equal(one.scores[order], other.scores)


def test_rows_alike_in_vectors_are_told_apart_by_the_rest():
    (embeddings, labels, probabilities), metadata, _ = arrays(seed=1, n=300)
    for each in (embeddings, labels, probabilities):
        each[200:300] = each[100:200]
    splits = np.random.default_rng(2).choice(["train", "val", None], 300)
    side = np.random.default_rng(3).choice([0.0, 1.0, np.nan], 300)

    def found(order):
        insights = find_insights(
            *(each[order] for each in (embeddings, labels, probabilities)),
            metadata=metadata.iloc[order],
            splits=splits[order],
            contrasts={"night": side[order]},
            fdr=1,
        )
        return [
            (
                each.insight_id,
                each.severity,
                repr(each.causes),
                np.sort(order[each.members]).tolist(),
            )
            for each in insights
        ]

    straight = found(np.arange(300))
    assert {"leak", "shift"} <= {
        each.kind
        for each in find_insights(
            embeddings,
            labels,
            probabilities,
            metadata=metadata,
            splits=splits,
            contrasts={"night": side},
            fdr=1,
        )
    }
    for seed in range(3):
        assert found(np.random.default_rng(seed).permutation(300)) == straight


def test_copies_whose_split_is_unknown_are_no_leak():
    (embeddings, labels, probabilities), _, _ = arrays(seed=5, n=200)
    for each in (embeddings, labels, probabilities):
        each[150:170] = each[100:120]
    splits = np.full(200, "train", object)
    splits[150:170] = [None, np.nan] * 10
    kinds = {
        each.kind: len(each.members)
        for each in find_insights(embeddings, labels, probabilities, splits=splits, fdr=1)
        if each.kind in {"leak", "duplicate"}
    }
    assert set(kinds) == {"duplicate"}
    splits[150:170] = "val"
    kinds = [each.kind for each in find_insights(embeddings, labels, probabilities, splits=splits)]
    assert "leak" in kinds
    assert "duplicate" not in kinds


def test_only_the_population_is_searched():
    given, metadata, group = arrays(seed=2)
    chosen = np.ones(len(metadata), bool)
    chosen[group[:20]] = False
    for insight in find_insights(*given, metadata=metadata, population=chosen):
        assert not insight.scores[~chosen].any()
        assert chosen[insight.members].all()
    assert find_insights(*given, population=np.zeros(len(metadata), bool)) == []


def test_an_fdr_of_one_returns_every_candidate():
    given, _, _ = arrays(seed=3, errors=0.08)
    assert find_insights(*given) == []
    candidates = find_insights(*given, fdr=1.0)
    assert candidates
    assert all(each.q_value > 0.05 for each in candidates)


def test_arrays_that_do_not_fit_together_are_refused():
    (embeddings, labels, probabilities), _, _ = arrays(n=50)
    with pytest.raises(ValueError, match=r"\(49,\)"):
        find_insights(embeddings, labels[:-1], probabilities)
    with pytest.raises(ValueError, match=r"0\.\.2, got 0\.\.3"):
        find_insights(embeddings, np.where(labels == 2, 3, labels), probabilities)
    embeddings[7, 3] = np.nan
    with pytest.raises(ValueError, match="1 embeddings are not finite, the first in row 7"):
        find_insights(embeddings, labels, probabilities)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metadata": pd.DataFrame({"a": range(60)})}, r"metadata must have 50 rows.*\(60, 1\)"),
        (
            {"metadata": pd.DataFrame(np.zeros((50, 2)), columns=["a", "a"])},
            "columns must be unique.*: a$",
        ),
        ({"splits": ["train"] * 49}, "splits must have 50 rows"),
        ({"contrasts": {"night": np.zeros(51)}}, "contrast 'night' must have 50 rows"),
        ({"population": np.arange(50)}, "must be .50,. bool.*not row numbers"),
        ({"population": np.ones(49, bool)}, "population must be .50,. bool, got .49,."),
        ({"class_names": ("a", "b")}, "class_names must have 3 entries.*got 2"),
        ({"class_names": ("a", "b", "a")}, "class names must be unique.*: a$"),
    ],
)
def test_optional_arrays_that_do_not_fit_are_refused(options, message):
    given, _, _ = arrays(n=50)
    with pytest.raises(ValueError, match=message):
        find_insights(*given, **options)


def test_probabilities_that_are_not_distributions_are_refused():
    (embeddings, labels, probabilities), _, _ = arrays(n=50)
    with pytest.raises(ValueError, match=r"50 rows of `probabilities` are not distr.*row 0; apply"):
        find_insights(embeddings, labels, 10 * probabilities)
    with pytest.raises(ValueError, match="labels must be integers"):
        find_insights(embeddings, labels.astype(float), probabilities)
    probabilities[[3, 9], 1] = np.nan, np.inf
    with pytest.raises(ValueError, match="2 probabilities are not finite, the first in row 3"):
        find_insights(embeddings, labels, probabilities)


def test_class_names_may_be_an_array():
    given, metadata, _ = arrays()
    insights = find_insights(*given, metadata=metadata, class_names=np.array(["a", "b", "c"]))
    assert insights[0].class_name == "b"


def test_little_and_monotonous_input():
    rng = np.random.default_rng(4)
    assert find_insights(np.zeros((1, 4)), np.zeros(1, int), np.ones((1, 1))) == []
    same = find_insights(np.zeros((80, 4)), np.zeros(80, int), np.ones((80, 1)))
    assert {each.kind for each in same} <= {"duplicate"}
    right = np.eye(2)[np.arange(80) % 2]
    assert find_insights(rng.normal(size=(80, 4)), np.arange(80) % 2, right) == []


def test_tests_that_are_skipped_say_why(caplog):
    rng = np.random.default_rng(4)
    labels = np.array([0] + [1] * 30)
    probabilities = rng.dirichlet([1, 1, 1], 31)
    with caplog.at_level("INFO"):
        find_insights(
            rng.normal(size=(31, 4)), labels, probabilities, class_names=("one", "b", "c")
        )
    said = [record.getMessage() for record in caplog.records]
    assert "skipped: over_represented/one: 1 of the 20 clips needed" in said
    assert "skipped: low_performance/all/mixture: 31 of the 60 clips needed" in said
    assert "skipped: low_performance/all/rules: 31 of the 40 clips needed" in said
    assert "skipped: outlier/one: 1 of the 20 clips needed" in said
    assert any(
        line.startswith("skipped: overfitting/all/val and test/gap: 0 and 0 of the 20 clips needed")
        for line in said
    )
    assert not [line for line in said if line.startswith(("skipped: outlier/b", "skipped: copies"))]
