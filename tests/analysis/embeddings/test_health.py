"""Stored vectors: complete, finite, of one model."""

import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.clip_library.quarantine_counts import count_quarantined
from insight_dagster.analysis.embeddings.health import inspect_embeddings

MANIFEST = pa.table(
    {
        "clip_id": ["1", "2", "3"],
        "status": ["ok", "ok", "quarantined"],
        "problem": [None, None, "file is empty"],
    }
)


def vectors(values: dict[str, list[float]], models=("m",)) -> pa.Table:
    count = len(values)
    return pa.table(
        {
            "clip_id": list(values),
            "model_fingerprint": [models[i % len(models)] for i in range(count)],
            "embedding": pa.array(list(values.values()), pa.list_(pa.float32(), 2)),
        }
    )


def test_whole_finite_vectors_of_one_model_pass():
    health = inspect_embeddings(MANIFEST, vectors({"1": [0, 1], "2": [2, 3]}))
    assert health.passed
    assert (health.dimension, health.models) == (2, ("m",))


@pytest.mark.parametrize(
    "rows",
    [
        vectors({"1": [0, 1]}),
        vectors({"1": [0, 1], "2": [2, 3], "3": [4, 5]}),
        vectors({"1": [0, 1], "2": [2, np.nan]}),
        vectors({"1": [0, 1], "2": [2, 3]}, models=("m", "n")),
    ],
    ids=["missing", "superfluous", "not finite", "two models"],
)
def test_anything_else_fails(rows):
    assert not inspect_embeddings(MANIFEST, rows).passed


def test_quarantine_counts_reasons():
    state = count_quarantined(MANIFEST)
    assert (state.clips, state.quarantined, state.share) == (3, 1, pytest.approx(1 / 3))
    assert state.reasons == (("file is empty", 1),)
