"""Words of a fixed vocabulary behave as the texts that columns hold."""

import json
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from insight_dagster.tables import status
from insight_dagster.tables.clock import timestamp_now, utc_now

VOCABULARIES = [
    each
    for each in vars(status).values()
    if isinstance(each, type) and issubclass(each, status.Word) and each is not status.Word
]


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_a_word_is_its_text(vocabulary):
    for word in vocabulary:
        text = word.value
        assert word == text and f"{word}" == str(word) == text and repr(word) == repr(text)
        assert json.dumps({word: word}) == json.dumps({text: text})
        assert pa.array([word], pa.string()).to_pylist() == [text]
        assert pc.equal(pa.array([text]), word).to_pylist() == [True]
        assert (np.array([text, "?"]) == word).tolist() == [True, False]
        assert duckdb.execute("SELECT ?", [word]).fetchone() == (text,)


def test_a_vocabulary_is_listed_in_words():
    assert status.ClipStatus.listed() == "ok or quarantined"
    assert status.Split.listed() == "train, val or test"


def test_tables_keep_the_time_in_utc_without_a_zone():
    before, stamp, after = utc_now(), timestamp_now(), utc_now()
    assert stamp.tzinfo is None
    assert before <= stamp.replace(tzinfo=UTC) <= after
    assert abs((datetime.now(UTC) - after).total_seconds()) < 60
