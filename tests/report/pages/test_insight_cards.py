"""Insights joined from all tables, ranked, with examples."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.pages.insight_cards import insight_cards
from insight_dagster.report.pictures import Pictures


def test_insights_are_ranked_with_all_that_is_known(make_data, tmp_path) -> None:
    data = make_data()
    clips = joined_clips(data)
    cards = insight_cards(data, clips, Pictures(tmp_path / "site", data.home))
    severities = [card["severity"] for card in cards]
    assert severities == sorted(severities, reverse=True)
    first = cards[0]
    ids = set(data.insight_members.query("insight_id == 'insight-0'")["clip_id"])
    rows = np.frombuffer(base64.b64decode(first["rows"]["data"]), "<i4")
    assert set(clips["clip_id"].iloc[rows]) == ids
    assert [cause["field"] for cause in first["causes"]] == [
        "ssim_mean", "frame_difference_mean", "foreground_ratio",
    ]  # fmt: skip
    spread = first["causes"][0]["spread"]
    assert sum(spread["inside"]) == pytest.approx(1, abs=1e-3)
    assert first["examples"][0]["target"] == first["class_name"]
    assert cards[3]["suggested"][0] == "abseiling"
    assert [each["status"] for each in first["past"]] == ["born", "growing"]
    assert len(first["actions"]) == len(ids)
    assert first["effects"][0]["change"] == 0.02


def test_examples_of_a_confusion_are_confused_ones_first(make_data, tmp_path) -> None:
    data = make_data()
    correct = data.predictions.set_index("clip_id")["correct"]
    cards = insight_cards(data, clips := joined_clips(data), Pictures(tmp_path, data.home))
    card = next(each for each in cards if each["kind"] == "class_confusion")
    right = [bool(correct[clips["clip_id"][each["row"]]]) for each in card["examples"]]
    assert right == sorted(right)
    assert card["average_target"] == card["class_name"]
