"""Numbers of writes: they grow whatever the clock says, and no two writers get the same."""

from __future__ import annotations

import multiprocessing
from datetime import datetime

import pytest

from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion, ReplacePartition, Upsert
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import LAST_WRITE, LATENT_SPACES, STEP_FAILURES, TABLES
from insight_dagster.tables import clock as clocks
from insight_dagster.tables.identity import SEQUENCE

NOW = datetime(2026, 3, 14)
VALUES = {
    "VARCHAR": "", "VARCHAR[]": [], "BIGINT": 0, "INTEGER": 0, "DOUBLE": 0.0, "TIMESTAMP": NOW,
}  # fmt: skip
NUMBERED = [
    each for each in TABLES if SEQUENCE.name in each.column_names and each is not LAST_WRITE
]


def failure(name, **changed):
    row = {"asset": name, "class_name": "a", "reason": "", "run_id": "", "failed_at": NOW}
    return Upsert(STEP_FAILURES, STEP_FAILURES.from_rows([{**row, **changed}]))


def numbers(store):
    rows = store.rows(STEP_FAILURES).to_pylist()
    return {row["asset"]: row["sequence"] for row in rows}


def write_many(path, writer, count):
    store = Database(path)
    for each in range(count):
        store.write(failure(f"{writer}-{each}"))


def test_rows_are_numbered_in_the_order_of_their_writes(tmp_path):
    store = Database(tmp_path / "d.duckdb")
    store.write(failure("first"), failure("second"))
    store.write(failure("third"))
    store.write(failure("first"))
    assert sorted(numbers(store), key=numbers(store).get) == ["second", "third", "first"]


def test_a_row_that_has_a_number_keeps_it(tmp_path):
    store = Database(tmp_path / "d.duckdb")
    store.write(failure("early"))
    store.write(failure("late"))
    kept = numbers(store)
    store.write(failure("early", sequence=kept["early"], reason="written again"))
    assert numbers(store) == kept


def test_a_number_is_not_given_again_when_its_row_is_deleted(tmp_path):
    store = Database(tmp_path / "d.duckdb")
    store.write(failure("one"))
    before = numbers(store)["one"]
    store.write(Deletion(STEP_FAILURES, {"asset": "one"}))
    store.write(failure("two"))
    assert numbers(store)["two"] > before


def test_a_failed_write_leaves_count_and_rows_as_they_were(tmp_path):
    store = Database(tmp_path / "d.duckdb")
    store.write(failure("one"))
    before = store.rows(LAST_WRITE)
    broken = LATENT_SPACES.from_rows([{"space_id": "s"}])
    with pytest.raises(DatabaseError):
        store.write(failure("two"), ReplacePartition(LATENT_SPACES, broken, "s"))
    assert store.rows(LAST_WRITE) == before and set(numbers(store)) == {"one"}


def test_writers_in_many_processes_never_get_the_same_number(tmp_path):
    path, processes = tmp_path / "d.duckdb", multiprocessing.get_context("fork")
    Database(path).write(failure("first"))
    writers = [processes.Process(target=write_many, args=(path, n, 5)) for n in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    found = numbers(Database(path))
    assert len(found) == 16
    assert sorted(found.values()) == list(range(1, 17))


def test_the_clock_says_only_when(tmp_path, monkeypatch):
    store, times = Database(tmp_path / "d.duckdb"), iter([2030, 2026, 2026, 2027])
    monkeypatch.setattr(clocks, "utc_now", lambda: datetime(next(times), 1, 1))
    for name in ("one", "two", "three"):
        store.write(failure(name))
    assert list(numbers(store).values()) == [1, 3, 2]  # in the order of their keys
    (row,) = store.rows(LAST_WRITE).to_pylist()
    assert (row["written_at"].year, row["latest_at"].year) == (2027, 2030)


@pytest.mark.parametrize("table", NUMBERED, ids=lambda table: table.name)
def test_every_numbered_table_is_counted(tmp_path, table):
    store = Database(tmp_path / "d.duckdb")
    for number in range(2):
        row = {
            each.name: VALUES[each.sql_type] for each in table.columns if each.name != "sequence"
        }
        row |= {name: str(number) for name in table.key if name != "sequence"}
        store.write(Upsert(table, table.from_rows([row])))
    assert store.rows(table)["sequence"].to_pylist() == [1, 2]
