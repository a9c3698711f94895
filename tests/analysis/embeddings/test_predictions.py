"""Predictions as rows: their numbers compared with torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.embeddings.predictions import prediction_rows


def rows_of(logits, class_names, labels=("a", "b", "c", "d", "e", "f")):
    made = [Clip(f"c{n}", name, f"k{n}", None) for n, name in enumerate(class_names)]
    table = prediction_rows(
        made, np.array(logits, np.float32), labels=labels, model_fingerprint="m"
    )
    return table.to_pylist()


def test_prediction_columns_agree_with_torch():
    logits = np.random.default_rng(0).normal(0, 3, (5, 6)).astype(np.float32)
    own = [0, 3, 5, 2, 2]
    rows = rows_of(logits, ["abcdef"[index] for index in own])
    scores, truth = torch.from_numpy(logits).double(), torch.tensor(own)
    losses = torch.nn.functional.cross_entropy(scores, truth, reduction="none")
    entropies = torch.distributions.Categorical(logits=scores).entropy()
    top = scores.softmax(1).topk(5)
    for n, row in enumerate(rows):
        assert row["loss"] == pytest.approx(losses[n].item(), rel=1e-9)
        assert row["probability"] == pytest.approx(np.exp(-losses[n].item()), rel=1e-9)
        assert row["entropy"] == pytest.approx(entropies[n].item(), rel=1e-9)
        assert row["top5"] == ["abcdef"[i] for i in top.indices[n]]
        assert row["top5_probabilities"] == pytest.approx(top.values[n].tolist(), rel=1e-6)
        assert row["predicted"] == row["top5"][0] and row["correct"] == (
            top.indices[n, 0] == own[n]
        )


def test_margin_is_positive_exactly_where_the_label_wins():
    rows = rows_of([[3, 1, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0]], ["a", "b"])
    assert [row["margin"] for row in rows] == [2.0, -2.0]
    assert [row["correct"] for row in rows] == [True, False]


def test_a_class_without_a_model_label_has_no_scores_of_its_label():
    [row] = rows_of([[1, 2, 3, 4, 5, 6]], ["zebra riding"])
    assert [row[name] for name in ("probability", "loss", "margin", "correct")] == [None] * 4
    assert row["predicted"] == "f" and row["entropy"] > 0


def test_extreme_logits_stay_finite():
    [row] = rows_of([[1e4, -1e4, 0, 0, 0, 0]], ["b"])
    assert row["loss"] == pytest.approx(2e4) and row["probability"] == 0.0
    assert row["entropy"] == pytest.approx(0.0, abs=1e-12)


def test_equal_logits_and_short_label_lists():
    [row] = rows_of([[1, 1]], ["b"], labels=("a", "b"))
    assert row["predicted"] == "a" and row["top5"] == ["a", "b"]
    assert row["margin"] == 0.0 and row["correct"] is False
    [alone] = rows_of([[1]], ["a"], labels=("a",))
    assert alone["margin"] is None and alone["probability"] == 1.0


def test_counts_that_disagree_are_refused():
    with pytest.raises(ValueError, match=r"1 clips, 6 labels"):
        rows_of([[1, 2]], ["a"])
