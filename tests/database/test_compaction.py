"""A compact copy in the place of a database that has grown night after night."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from insight_dagster.database import Database, compaction
from insight_dagster.database.clean_close import log_file
from insight_dagster.database.file_format import BLOCK
from insight_dagster.database.writes import Upsert
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import BASELINES, PINNED_INSIGHTS, TABLES
from tests.support.holder import printing_held
from tests.support.small_database import fill, fill_history, made_up_rows


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a database whose rows were written one after another."""
    store = Database(tmp_path_factory.mktemp("written") / "insight.duckdb")
    fill(store, clips=50)
    fill_history(store)
    for number in range(20):
        store.write(Upsert(BASELINES, made_up_rows(BASELINES, 1, baseline_id=f"b{number}")))
    return store.path


@pytest.fixture
def grown(written, tmp_path, monkeypatch):
    """Return a copy of that database, which is not too small to be compacted."""
    monkeypatch.setattr(compaction, "_SMALL", 0)
    shutil.copy(written, tmp_path)
    return Database(tmp_path / written.name, lock_timeout_seconds=2)


def contents(store: Database) -> dict[str, pa.Table]:
    return {table.name: store.rows(table) for table in TABLES}


def definitions(path: Path) -> list[object]:
    """Return tables, columns, comments and constraints as DuckDB lists them."""
    with duckdb.connect(path, read_only=True) as connection:
        return [
            connection.execute(sql).fetchall()
            for sql in (
                "SELECT table_name, comment, column_count FROM duckdb_tables() ORDER BY 1",
                "SELECT table_name, column_name, data_type, is_nullable, comment "
                "FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2",
                "SELECT table_name, constraint_type, constraint_column_names "
                "FROM duckdb_constraints() ORDER BY ALL",
            )
        ]


def test_every_row_and_definition_stays_and_the_file_shrinks_once(grown):
    before, defined, size = contents(grown), definitions(grown.path), grown.path.stat().st_size
    freed = grown.compact()
    assert freed == size - grown.path.stat().st_size
    assert freed > 5 * BLOCK, (freed, size)
    assert definitions(grown.path) == defined
    after = contents(grown)
    assert all(after[name].equals(rows) for name, rows in before.items())
    assert grown.compact() == 0, "it has not grown since"
    grown.check_file()


def test_the_sequence_goes_on(grown):
    def numbers() -> list[int]:
        grown.write(Upsert(PINNED_INSIGHTS, made_up_rows(PINNED_INSIGHTS, 1, sequence=None)))
        return grown.rows(PINNED_INSIGHTS)["sequence"].to_pylist()

    before = max(numbers())
    assert grown.compact() > 0
    assert max(numbers()) == before + 1


@pytest.mark.parametrize("mode", ["read_only=True", "read_only=False"])
def test_a_file_that_another_program_uses_stays_whole(grown, mode):
    before = contents(grown)
    code = (
        f"import duckdb, sys, time; held = duckdb.connect(sys.argv[1], {mode}); "
        "print('held', flush=True); time.sleep(60)"
    )
    with printing_held([sys.executable, "-c", code, str(grown.path)]):
        freed = grown.compact()
        assert (freed == 0) == (mode == "read_only=False"), "readers keep the file that they read"
    assert all(grown.rows(table).equals(before[table.name]) for table in TABLES)


def test_one_that_was_not_closed_is_left_to_the_next_writer(grown):
    log_file(grown.path).write_bytes(b"")
    assert grown.compact() == 0
    log_file(grown.path).unlink()


@pytest.mark.parametrize("fails", ["replace", "hash"])
def test_what_goes_wrong_leaves_the_file_and_no_draft(grown, monkeypatch, fails):
    before = contents(grown)
    if fails == "replace":

        def refuse(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr(
            compaction, "_copy", lambda *_: (_ for _ in ()).throw(DatabaseError("other rows"))
        )
    with pytest.raises(DatabaseError, match="No space left|other rows"):
        grown.compact()
    monkeypatch.undo()
    assert all(grown.rows(table).equals(before[table.name]) for table in TABLES)
    assert not [path for path in grown.path.parent.iterdir() if "compact" in path.name]
