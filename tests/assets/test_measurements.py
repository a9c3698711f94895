"""Vectors and metadata from one pass over a class's clips, through real runs."""

import threading

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.decoding import DecodingProcesses
from insight_dagster.analysis.metadata.metadata_table import ClipMeasuring
from insight_dagster.commands.home import initialise, open_instance
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.definitions import build_definitions
from insight_dagster.errors import DatabaseBusyError, MetadataFunctionError
from insight_dagster.orchestration.run_events import materializations
from insight_dagster.pipeline.measuring import embedding
from insight_dagster.tables import (
    EMBEDDINGS,
    METADATA_FRAMES,
    METADATA_TABLE,
    PREDICTIONS,
    STEP_FAILURES,
)

pytestmark = pytest.mark.slow
CLASS = "abseiling"
TABLES = (EMBEDDINGS, PREDICTIONS, METADATA_TABLE, METADATA_FRAMES)


def measure(settings, *names):
    job = build_definitions(settings).resolve_job_def("extract_features")
    with open_instance(settings) as instance:
        return job.execute_in_process(
            instance=instance,
            partition_key=CLASS,
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=False,
        )


def computed(result):
    return {
        event.asset_key.to_user_string(): int(event.materialization.metadata["computed"].value)
        for event in result.get_asset_materialization_events()
    }


def rows_of(settings):
    return {table.name: Database(settings.folders.database).rows(table, CLASS) for table in TABLES}


def empty(settings, *tables):
    store = Database(settings.folders.database)
    for table in tables:
        store.write(ReplacePartition(table, store.rows(table, CLASS).slice(0, 0), CLASS))


@pytest.fixture
def emptied(home_copy):
    """Return a home without vectors and metadata of the class, and the rows it had before."""
    before = rows_of(home_copy)
    empty(home_copy, *TABLES)
    return home_copy, before


@pytest.fixture
def decoded(monkeypatch):
    """Return a list that collects the paths in the order in which they are decoded."""
    paths, real, lock = [], DecodingProcesses.decode_window, threading.Lock()

    def decode_window(self, path, **options):
        with lock:
            paths.append(path)
        return real(self, path, **options)

    monkeypatch.setattr(DecodingProcesses, "decode_window", decode_window)
    return paths


def test_a_clip_is_decoded_once_for_vectors_and_metadata(emptied, decoded):
    settings, before = emptied
    result = measure(settings, "embeddings", "metadata_table")
    assert result.success
    clips = before["embeddings"].num_rows
    assert computed(result) == {"embeddings": clips, "metadata_table": clips}
    assert len(decoded) == len(set(decoded)) > 0
    after = rows_of(settings)
    assert all(after[name].equals(before[name]) for name in before)


def test_each_of_the_two_can_be_asked_for_alone(emptied, decoded):
    settings, before = emptied
    for name in ("metadata_table", "embeddings"):
        result = measure(settings, name)
        assert result.success
        assert computed(result) == {name: before[name].num_rows}
    assert {decoded.count(path) for path in decoded} == {2}
    after = rows_of(settings)
    assert all(after[name].equals(before[name]) for name in before)


def test_what_fails_on_one_side_does_not_cost_the_other(emptied, monkeypatch):
    settings, before = emptied

    def embed_clips(*_, **__):
        raise MemoryError("broken on purpose")

    monkeypatch.setattr("insight_dagster.pipeline.measuring.embedding.embed_clips", embed_clips)
    result = measure(settings, "embeddings", "metadata_table")
    assert not result.success
    after = rows_of(settings)
    assert after["metadata_table"].equals(before["metadata_table"])
    assert after["embeddings"].num_rows == 0

    monkeypatch.undo()

    def measuring(*_, **__):
        raise ValueError("broken on purpose")

    empty(settings, METADATA_TABLE)
    monkeypatch.setattr(ClipMeasuring, "_measure", measuring)
    result = measure(settings, "embeddings", "metadata_table")
    assert not result.success
    after = rows_of(settings)
    assert after["embeddings"].equals(before["embeddings"])
    assert after["metadata_table"].num_rows == 0


def test_a_broken_metadata_function_costs_no_vector(emptied, monkeypatch):
    settings, before = emptied

    def installed_functions():
        raise MetadataFunctionError("broken on purpose")

    monkeypatch.setattr(
        "insight_dagster.pipeline.measuring.metadata.installed_functions", installed_functions
    )
    assert not measure(settings, "embeddings", "metadata_table").success
    after = rows_of(settings)
    assert after["embeddings"].equals(before["embeddings"])
    assert after["metadata_table"].num_rows == 0


def test_a_vector_without_its_prediction_is_computed_again(home_copy):
    before = rows_of(home_copy)
    empty(home_copy, PREDICTIONS)
    result = measure(home_copy, "embeddings")
    assert result.success
    assert computed(result) == {"embeddings": before["embeddings"].num_rows}
    after = rows_of(home_copy)
    assert all(after[name].equals(before[name]) for name in before)


def test_a_busy_database_hides_neither_the_failure_nor_what_was_done(emptied, monkeypatch):
    settings, _ = emptied
    real = Database.write

    def embed_clips(*_, **__):
        raise MemoryError("broken on purpose")

    def write(self, *writes):
        if any(getattr(each, "table", None) is STEP_FAILURES for each in writes):
            raise DatabaseBusyError("busy on purpose")
        real(self, *writes)

    monkeypatch.setattr("insight_dagster.pipeline.measuring.embedding.embed_clips", embed_clips)
    monkeypatch.setattr(Database, "write", write)
    result = measure(settings, "embeddings", "metadata_table")
    (failed,) = result.filter_events(
        lambda event: event.is_step_failure and event.step_key == "measurements"
    )
    assert "broken on purpose" in str(failed.step_failure_data.error)
    with open_instance(settings) as instance:
        made = {
            event.asset_key.to_user_string()
            for event in materializations(instance, [result.run_id])
        }
    assert made == {"metadata_table"}


def test_predictions_of_two_models_are_not_scored(home_copy):
    store = Database(home_copy.folders.database)
    rows = store.rows(PREDICTIONS, CLASS)
    index = rows.column_names.index("model_fingerprint")
    half = pa.array(["another model"] + rows["model_fingerprint"].to_pylist()[1:])
    mixed = rows.set_column(index, "model_fingerprint", half)
    store.write(ReplacePartition(PREDICTIONS, mixed, CLASS))
    job = build_definitions(home_copy).resolve_job_def("place_classes")
    with open_instance(home_copy) as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=CLASS,
            asset_selection=[dg.AssetKey("performance")],
            raise_on_error=False,
        )
    assert not result.success
    left = store.rows(STEP_FAILURES, CLASS).to_pylist()
    assert "predictions of 2 models are mixed" in left[0]["reason"]


def test_a_run_that_dies_loses_the_shard_that_it_was_at(emptied, monkeypatch):
    settings, before = emptied
    small = settings.model_copy(update={"shard_clips": 2})
    real, calls = embedding.embed_clips, []

    def embed_clips(clips, *args, **kwargs):
        calls.append(len(clips))
        if len(calls) == 3:
            raise SystemExit("killed")
        return real(clips, *args, **kwargs)

    monkeypatch.setattr("insight_dagster.pipeline.measuring.embedding.embed_clips", embed_clips)
    assert not measure(small, "embeddings", "metadata_table").success
    left = rows_of(small)
    kept = left["embeddings"].num_rows
    assert kept == left["metadata_table"].num_rows == sum(calls[:2]) > 0
    assert sum(calls) < before["embeddings"].num_rows

    monkeypatch.undo()
    result = measure(small, "embeddings", "metadata_table")
    assert result.success
    clips = before["embeddings"].num_rows
    assert computed(result) == {"embeddings": clips - kept, "metadata_table": clips - kept}
    after = rows_of(small)
    assert all(after[name].equals(before[name]) for name in before)


def test_a_second_embedding_is_stored_with_the_models_own(home_copy, tmp_path, monkeypatch, quiet):
    (tmp_path / "colour_features.py").write_text(
        "import torch\n"
        "class Colours(torch.nn.Module):\n"
        "    def forward(self, clips):\n"
        "        return clips.mean(dim=(2, 3, 4))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = rows_of(home_copy)["embeddings"]
    changes = {"second_embedding": "colour_features:Colours"}
    assert not measure(home_copy.model_copy(update=changes), "embeddings").success
    changes |= {"home": tmp_path / "other", "library": home_copy.library_folder}
    more = home_copy.model_copy(update=changes)
    initialise(more, console=quiet)
    with open_instance(more) as instance:
        instance.add_dynamic_partitions("action_class", [CLASS])
    assert measure(more, "clip_manifest", "embeddings").success
    after = rows_of(more)["embeddings"]
    assert after["clip_id"].equals(before["clip_id"])
    ours, both = (np.array(each["embedding"].to_pylist(), np.float32) for each in (before, after))
    assert both.shape == (ours.shape[0], ours.shape[1] + 3)
    np.testing.assert_array_equal(both[:, :-3], ours)
    brightness = rows_of(home_copy)["metadata_table"]["brightness"].to_numpy()
    assert np.corrcoef(both[:, -3:].mean(axis=1), brightness)[0, 1] > 0.9
