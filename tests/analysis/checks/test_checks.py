"""What the checks decide, on tables made by hand."""

import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.checks import ERROR, WARN, Outcome, manifest
from insight_dagster.analysis.checks.embeddings import vectors_complete
from insight_dagster.analysis.checks.latent_space import (
    cluster_noise,
    clusters_stable,
    inside_the_space,
    layout_trustworthiness,
    space_coverage,
)
from insight_dagster.analysis.checks.pinned_insights import pinned_insights
from insight_dagster.analysis.checks.report import report_complete
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import CLIP_MANIFEST, INSIGHT_MEMBERS, INSIGHTS, PINNED_INSIGHTS


def clips(*rows: tuple[str, str, str], class_name: str = "a") -> pa.Table:
    """Manifest rows from (path, split, content); a content of '!' is quarantined."""
    blank = dict.fromkeys(CLIP_MANIFEST.column_names)
    return CLIP_MANIFEST.from_rows(
        blank
        | {
            "clip_id": f"{class_name}/{path}",
            "class_name": class_name,
            "path": path,
            "split": split,
            "content_key": content,
            "status": "quarantined" if content == "!" else "ok",
            "problem": "broken" if content == "!" else None,
        }
        for path, split, content in rows
    )


def test_an_outcome_takes_the_severity_that_a_user_chose():
    outcome = Outcome(False, "bad", severity=WARN)
    assert outcome.with_severity(None).severity == WARN
    assert outcome.with_severity("ERROR").severity == ERROR
    with pytest.raises(ValueError, match="severity"):
        Outcome(True, "", severity="FATAL")


def test_the_quarantined_share_counts_and_names_reasons():
    rows = clips(("1", "train", "x"), ("2", "train", "!"), ("3", "val", "!"))
    outcome = manifest.quarantined_share(rows, Thresholds(max_quarantined_share=0.5))
    assert not outcome.passed and outcome.severity == ERROR
    assert outcome.facts["reasons"] == {"broken": 2}
    assert manifest.quarantined_share(rows, Thresholds(max_quarantined_share=0.7)).passed
    nothing = manifest.quarantined_share(clips(), Thresholds(max_quarantined_share=1))
    assert not nothing.passed and nothing.severity == ERROR


def test_a_split_whose_clips_are_all_broken_is_missing():
    rows = clips(("1", "train", "x"), ("2", "val", "!"))
    outcome = manifest.splits_present(rows, ["train", "val", "test"])
    assert outcome.facts["missing"] == ["test", "val"]
    assert manifest.splits_present(rows, ["train"]).passed
    assert manifest.splits_present(clips(("1", "", "x")), [""]).passed


def test_copies_count_inside_a_split_and_leaks_across_splits_and_classes():
    rows = clips(("1", "train", "x"), ("2", "train", "x"), ("3", "val", "y"), ("4", "val", "x"))
    copies = manifest.duplicates(rows, Thresholds(max_duplicate_share=0.2))
    assert not copies.passed and copies.facts["copies"] == 1
    assert copies.facts["examples"] == ["2 = 1"]
    assert manifest.duplicates(rows, Thresholds(max_duplicate_share=0.25)).passed
    other = clips(("5", "test", "y"), class_name="b")
    leaks = manifest.leaks(rows, pa.concat_tables([rows, other]), Thresholds(max_leaked_clips=0))
    assert leaks.facts["examples"] == ["1", "2", "3", "4"]
    assert manifest.leaks(
        other, pa.concat_tables([rows, other]), Thresholds(max_leaked_clips=1)
    ).passed


def test_a_class_missing_from_library_or_model_is_reported():
    stored = clips(("1", "train", "x"))
    assert manifest.in_library("a", clips(), ["a"]).passed
    gone, never = (manifest.in_library("b", rows, ["a"]) for rows in (stored, clips()))
    assert "insight classes remove" in gone.description and gone.severity == WARN
    assert "insight classes remove" in never.description and never.severity == ERROR
    assert manifest.label_known("a", ["a"]).passed
    assert not manifest.label_known("A", ["a"]).passed


def embeddings(*ids: str, model: str = "m", values=(1.0, 2.0)) -> pa.Table:
    return pa.table(
        {
            "clip_id": pa.array(ids, pa.string()),
            "model_fingerprint": pa.array([model] * len(ids), pa.string()),
            "embedding": pa.array([list(values)] * len(ids), pa.list_(pa.float32())),
        }
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (embeddings("a/1"), "1 of 2 usable clips have no vector"),
        (embeddings("a/1", "a/2", "a/9"), "1 vectors are of no usable clip"),
        (embeddings("a/1", "a/2", values=(1.0, np.nan)), "2 vectors are not finite"),
        (embeddings("a/1", "a/2", model="old"), "vectors are of model old"),
        (embeddings("a/1", "a/2", values=(1.0,)), "have 1 numbers, the model gives 2"),
    ],
)
def test_what_is_wrong_with_vectors_is_said(rows, message):
    found = clips(("1", "train", "x"), ("2", "train", "y"))
    outcome = vectors_complete(found, rows, model_fingerprint="m", dimension=2)
    assert not outcome.passed and outcome.severity == ERROR
    assert message in outcome.description


def test_good_vectors_pass_and_so_does_a_class_without_any():
    found = clips(("1", "train", "x"), ("2", "train", "!"))
    model = {"model_fingerprint": "m", "dimension": 2}
    assert vectors_complete(found, embeddings("a/1"), **model).passed
    nothing = clips(("2", "train", "!"))
    assert vectors_complete(nothing, embeddings(), **model).passed


def test_coverage_names_classes_left_out_and_clips_that_came_later():
    space = {"left_out": ["a: its last embeddings failed: x"]}
    outcome = space_coverage(space, Thresholds(max_unfitted_share=0.1), usable_clips=10, fitted=10)
    assert not outcome.passed and "a: its last embeddings failed" in outcome.description
    whole = {"left_out": []}
    assert space_coverage(
        whole, Thresholds(max_unfitted_share=0.1), usable_clips=10, fitted=9
    ).passed
    late = space_coverage(whole, Thresholds(max_unfitted_share=0.1), usable_clips=10, fitted=8)
    assert not late.passed and "2 of 10 clips came after the fit" in late.description


def test_layout_and_clusters_are_compared_with_their_thresholds():
    assert layout_trustworthiness(0.9, Thresholds(min_trustworthiness=0.8)).passed
    assert not layout_trustworthiness(0.7, Thresholds(min_trustworthiness=0.8)).passed
    assert not layout_trustworthiness(float("nan"), Thresholds(min_trustworthiness=0.8)).passed
    assert cluster_noise(np.array([-1, -1, 0, 1]), Thresholds(max_noise_share=0.5)).passed
    assert not cluster_noise(np.array([-1, -1, -1, 1]), Thresholds(max_noise_share=0.5)).passed
    cluster = np.array([0, 0, 1, -1])
    assert clusters_stable(cluster, np.array([0.9, 0.3]), Thresholds(min_stability=0.7)).passed
    assert not clusters_stable(cluster, np.array([0.4, 0.3]), Thresholds(min_stability=0.7)).passed
    unmeasured = clusters_stable(cluster, np.array([np.nan, np.nan]), Thresholds(min_stability=0.7))
    assert not unmeasured.passed and "3 clips are in clusters whose" in unmeasured.description
    nothing, noise = np.array([], np.int64), np.array([-1, -1])
    assert clusters_stable(noise, np.array([]), Thresholds(min_stability=0.7)).passed
    for outcome in (
        clusters_stable(nothing, np.array([0.9]), Thresholds(min_stability=0.7)),
        cluster_noise(nothing, Thresholds(max_noise_share=1)),
        inside_the_space(nothing.astype(bool), Thresholds(max_outside_share=1)),
    ):
        assert not outcome.passed and "place_classes" in outcome.description


def insights(**severities: float) -> pa.Table:
    blank = dict.fromkeys(INSIGHTS.column_names)
    base = {"kind": "leak", "population": "all", "sentence": "leaks"}
    return INSIGHTS.from_rows(
        blank | base | {"insight_id": name, "severity": value} for name, value in severities.items()
    )


def members(**groups: str) -> pa.Table:
    blank = dict.fromkeys(INSIGHT_MEMBERS.column_names)
    return INSIGHT_MEMBERS.from_rows(
        blank | {"insight_id": name, "clip_id": clip}
        for name, group in groups.items()
        for clip in group
    )


def pin(severity: float, group: str, kind: str = "leak") -> pa.Table:
    blank = dict.fromkeys(PINNED_INSIGHTS.column_names)
    row = {"insight_id": "old", "kind": kind, "population": "all", "severity": severity}
    return PINNED_INSIGHTS.from_rows([blank | row | {"clip_ids": list(group), "sentence": "was"}])


@pytest.mark.parametrize(
    ("pinned_rows", "state"),
    [
        (pin(0.30, "abcd"), "worse"),
        (pin(0.48, "abcd"), "same"),
        (pin(0.60, "abce"), "better"),
        (pin(0.30, "ab"), "worse"),
        (pin(0.10, "aqrs"), "resolved"),
        (pin(0.10, "abcd", kind="duplicate"), "resolved"),
    ],
)
def test_a_pinned_insight_is_found_again_by_kind_and_clips(pinned_rows, state):
    outcome = pinned_insights(
        pinned_rows,
        insights(new=0.5, far=0.9),
        members(new="abcd", far="wxyz"),
        Thresholds(max_severity_rise=0.05),
    )
    assert outcome.facts["insights"]["old"]["state"] == state
    assert outcome.passed == (state != "worse")


def test_nothing_pinned_passes():
    nothing = PINNED_INSIGHTS.from_rows([])
    assert pinned_insights(
        nothing, insights(a=1.0), members(a="x"), Thresholds(max_severity_rise=0)
    ).passed


def test_a_report_that_is_missing_or_incomplete_fails(tmp_path):
    page = tmp_path / "index.html"
    outcome = report_complete(page, usable={"a": 2}, placed={"a": 2})
    assert not outcome.passed and outcome.severity == ERROR
    page.write_text("<html>")
    assert report_complete(page, usable={"a": 2}, placed={"a": 2}).passed
    partial = report_complete(page, usable={"a": 2, "b": 3}, placed={"a": 2, "b": 1})
    assert not partial.passed and partial.severity == WARN
    assert partial.facts["incomplete"] == {"b": "1 of 3 clips"}
