"""What the Dagster UI is given: rounded numbers, and no plot that mixes classes."""

import dagster as dg
import pyarrow as pa
import pytest

from insight_dagster.assets.steps.facts import class_facts, rounded, shared_facts
from insight_dagster.assets.steps.ui_metadata import insight_list, result_metadata, shared_metadata
from insight_dagster.pipeline.step_result import StepResult
from insight_dagster.tables import PERFORMANCE
from insight_dagster.tables.status import Comparison

FACTS = {
    "accuracy": 0.8150055516236691,
    "seconds": 1234.5678,
    "clips": 80,
    "baseline": None,
    "loss": float("nan"),
    "random_weights": False,
    "reasons": {"truncated": 0.33333333, "none of these": []},
    "left_out": {},
}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8150055516236691, 0.815),
        (0.0001234567, 0.000123),
        (0.9999, 1.0),
        (-12.3456, -12.3),
        (1234.5678, 1235.0),
        (123456789.9, 123456790.0),
        (0.0, 0.0),
        (float("inf"), float("inf")),
    ],
)
def test_a_number_keeps_three_digits_and_all_before_the_point(value, shown):
    assert rounded(value) == shown


def test_facts_about_all_classes_are_numbers_and_those_about_one_are_texts():
    shared, of_class = shared_facts(FACTS), class_facts(FACTS)
    assert (shared["accuracy"], shared["clips"]) == (0.815, 80)
    assert (of_class["accuracy"], of_class["clips"]) == ("0.815", "80")
    assert of_class["random_weights"] is False
    for facts in (shared, of_class):
        assert facts["baseline"] == facts["left_out"] == "none"
        assert facts["loss"] == "not a number"
        assert facts["reasons"] == {"truncated": 0.333, "none of these": []}


def plotted(metadata):
    """Names of the values that the UI draws: those of these two types, whatever they are."""
    normalized = dg.AssetMaterialization("x", metadata=metadata).metadata
    kinds = dg.IntMetadataValue | dg.FloatMetadataValue
    return {name for name, value in normalized.items() if isinstance(value, kinds)}


def test_the_ui_plots_nothing_of_an_asset_with_a_partition_for_each_class():
    row = dict.fromkeys(PERFORMANCE.column_names, 0.123456789)
    row |= {"class_name": "disc", "split": "", "clips": 7, "model_fingerprint": "m"}
    rows = PERFORMANCE.from_rows([row])
    assert not plotted(result_metadata(StepResult(PERFORMANCE, rows, FACTS)))
    shared = shared_metadata(PERFORMANCE, rows, FACTS)
    assert plotted(shared) == {"accuracy", "seconds", "clips", "dagster/row_count"}
    assert "0.123 |" in shared["preview"].value and "0.1234" not in shared["preview"].value


def test_a_preview_survives_cells_that_markdown_would_read():
    table = pa.table({"a|b": ["x|y\n<script>", None]})
    text = result_metadata(StepResult(PERFORMANCE, table, {}))["preview"].value
    assert "x\\|y &lt;script>" in text and text.count("\n") == 3


def test_members_of_an_enum_are_plain_texts():
    """Dagster stores no member of an enum, not even one that is a text."""
    value = class_facts({"comparison": Comparison.NOT_COMPARED})["comparison"]
    assert type(value) is str and value == "not compared"


def test_an_insight_without_causes_is_one_sentence_in_the_list():
    insight = {"insight_id": "i", "kind": "mislabeled", "severity": 0.3, "sentence": "One <clip>."}
    listed = insight_list(pa.Table.from_pylist([insight]), pa.table({"rank": pa.array([], "i8")}))
    assert listed.md_str == "1. **mislabeled** (0.30): One &lt;clip>."
