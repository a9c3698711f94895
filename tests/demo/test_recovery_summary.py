"""The demo's score on a small library with known hits and misses."""

import json

import pandas as pd
import pytest

from insight_dagster.demo.recovery_summary import score

CLASSES = ["rock climbing", "abseiling", "snowboarding", "disc golfing"]


def library(faults):
    """Return manifest and truth of clips c0, c1, ..., each (fault or '', class number, group)."""
    manifest = pd.DataFrame(
        [
            {
                "clip_id": f"c{n}",
                "class_name": CLASSES[number],
                "path": f"{n}.mp4",
                "split": "train" if n % 2 else "val",
                "status": "quarantined" if fault == "corrupt" else "ok",
            }
            for n, (fault, number, _) in enumerate(faults)
        ]
    )
    truth = pd.DataFrame(
        [
            {"path": f"{n}.mp4", "fault": fault, "group": group}
            for n, (fault, _, group) in enumerate(faults)
            if fault
        ],
        columns=["path", "fault", "group"],
    )
    return manifest, truth


def tables(found):
    """Return insights and members, given as (kind, class number, other class, {clip: partner})."""
    insights = pd.DataFrame(
        [
            {
                "insight_id": f"i{n}",
                "kind": kind,
                "class_name": CLASSES[number],
                "other_class": other,
                "severity": 0.5 - n / 100,
                "sentence": "words",
            }
            for n, (kind, number, other, _) in enumerate(found)
        ],
        columns=["insight_id", "kind", "class_name", "other_class", "severity", "sentence"],
    )
    members = pd.DataFrame(
        [
            {"insight_id": f"i{n}", "clip_id": clip, "partner_clip_id": partner}
            for n, (*_, clips) in enumerate(found)
            for clip, partner in clips.items()
        ],
        columns=["insight_id", "clip_id", "partner_clip_id"],
    )
    return insights, members


def scored(faults, found, causes=()):
    manifest, truth = library(faults)
    insights, members = tables(found)
    reasons = pd.DataFrame(list(causes), columns=["insight_id", "rank", "field"])
    predictions = pd.DataFrame(
        {
            "clip_id": manifest.clip_id,
            "class_name": manifest.class_name,
            "correct": [n % 4 != 0 for n in range(len(manifest))],
        }
    )
    result = score(
        truth,
        manifest=manifest,
        insights=insights,
        members=members,
        causes=reasons,
        predictions=predictions,
    )
    json.dumps(result, allow_nan=False)
    return result


def test_the_best_over_represented_insight_counts():
    faults = [("selfie_stick", 2, "s")] * 4 + [("", 2, "")] * 4
    found = [
        ("over_represented", 2, None, dict.fromkeys(["c4", "c5", "c6"])),
        ("over_represented", 2, None, dict.fromkeys(["c0", "c1", "c2", "c7"])),
    ]
    entry = scored(faults, found, [("i1", 2, "ssim_mean"), ("i1", 1, "camera_motion")])["faults"]
    assert entry["selfie_stick"] == {
        "planted": 4,
        "found": 3,
        "precision": 0.75,
        "recall": 0.75,
        "status": "found",
        "insight_ids": ["i1"],
        "top_causes": ["camera_motion", "ssim_mean"],
    }


def test_a_copy_may_be_found_by_either_end():
    faults = [("leak", 0, "a"), ("", 0, ""), ("", 0, ""), ("", 0, "")]
    found = [("leak", 0, None, {"c0": "c1", "c1": "c0", "c2": "c3", "c3": "c2"})]
    entry = scored(faults, found)["faults"]["leak"]
    assert (entry["recall"], entry["precision"]) == (1.0, 0.5)


def test_lookalikes_are_sought_between_their_two_classes_only():
    faults = [("lookalike", 0, "x"), ("lookalike", 1, "x"), ("", 0, "")]
    other = ("class_confusion", 0, "snowboarding", {"c0": None})
    found = [("class_confusion", 1, "rock climbing", {"c0": None, "c1": None}), other]
    entry = scored(faults, found)["faults"]["lookalike"]
    assert entry["insight_ids"] == ["i0"]
    assert (entry["recall"], entry["precision"], entry["status"]) == (1.0, 1.0, "found")
    # A more severe confusion (the first one here) makes the pair not the most severe.
    assert scored(faults, found[::-1])["faults"]["lookalike"]["status"] == "missed"


def test_nothing_found_is_missed_and_has_no_precision():
    entry = scored([("mislabeled", 0, "")], [])["faults"]["mislabeled"]
    assert (entry["precision"], entry["recall"], entry["status"]) == (None, 0.0, "missed")


def test_corrupt_files_are_scored_by_quarantine_and_by_nothing_else():
    faults = [("corrupt", 0, ""), ("corrupt", 1, ""), ("", 0, "")]
    entry = scored(faults, [])["faults"]["corrupt"]
    assert (entry["planted"], entry["found"], entry["precision"], entry["status"]) == (
        2, 2, 1.0, "found",
    )  # fmt: skip


def test_clips_of_a_later_delivery_are_no_fault_to_find():
    faults = [("title_card", 3, "t")] * 2 + [("", 3, "")] * 3
    groups = [*faults[:2], *[("delivery_2", 3, g) for g in ("new_clip", "replaced", "new_class")]]
    found = [("low_performance", 3, None, dict.fromkeys(["c0", "c1", "c2"]))]
    assert scored(groups, found) == scored(faults, found)


def test_insights_name_the_planted_fault_of_half_their_clips():
    faults = [("title_card", 3, "t")] * 2 + [("", 3, "")] * 3
    found = [
        ("low_performance", 3, None, dict.fromkeys(["c0", "c1", "c2", "c3"])),
        ("low_performance", 3, None, dict.fromkeys(["c1", "c2", "c3", "c4"])),
    ]
    told = {each["insight_id"]: each["planted_fault"] for each in scored(faults, found)["insights"]}
    assert told == {"i0": "title_card", "i1": None}


def test_accuracy_by_class_and_split():
    accuracy = scored([("", 0, "")] * 4 + [("", 1, "")] * 4, [])["accuracy"]
    assert accuracy["all"]["accuracy"] == pytest.approx(0.75)
    assert accuracy["rock climbing"]["by_split"] == {"train": 1.0, "val": 0.5}
