"""A damaged database: a clear error or the right rows, and never the end of this process."""

import shutil
import subprocess
import sys

import duckdb
import pytest

from insight_dagster.database import Database, damage
from insight_dagster.database.backups.restore import restore
from insight_dagster.database.clean_close import log_file, read_record, record_file
from insight_dagster.database.file_format import BLOCK, HEADERS, free_blocks
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.errors import DamagedDatabaseError, DatabaseError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import CLUSTERS, STEP_FAILURES
from tests.support.damage import damages
from tests.support.small_database import all_rows, history

IN_A_PROGRAM_THAT_IS_KILLED = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
for n in range(20):
    connection.execute("CREATE OR REPLACE TABLE notes AS SELECT * FROM range(?) t(note)", [n])
os._exit(9)
"""


def no_probe(monkeypatch):
    """Fail where the file is read in another process."""

    def refuse(path):
        raise AssertionError(f"{path} was read in another process")

    monkeypatch.setattr(damage, "_probe", refuse)


def assert_right_rows_or_advice(intact, folder, file, count, *, seed, restored_every=1):
    """Damage a file of a home at many places; read the home, and bring it back if that fails.

    Returns:
        At how many places the damage was an error.
    """
    expected = all_rows(Database(intact.database))
    kept = history(Database(intact.database))
    content = file.read_bytes()
    errors = 0
    for number, (what, damaged) in enumerate(damages(content, count, seed=seed)):
        home = HomeFolders(folder / str(number))
        shutil.copytree(intact.root, home.root)
        (home.root / file.name).write_bytes(damaged)
        try:
            assert all_rows(Database(home.database)) == expected, what
        except DatabaseError as problem:
            errors += 1
            assert home.database.name in str(problem), what
            assert "`insight restore`" in str(problem), what
            if number % restored_every == 0:
                done = restore(home, None, seconds=5)
                assert done.set_aside.name.endswith(".set-aside-1"), what
                assert history(Database(home.database)) == kept, what
        shutil.rmtree(home.root)
    return errors


def test_damage_at_random_places_gives_an_error_or_the_right_rows(intact, tmp_path):
    errors = assert_right_rows_or_advice(
        intact, tmp_path, intact.database, 32, seed=0, restored_every=8
    )
    assert errors == 32, "every changed byte is noticed"


@pytest.mark.slow
def test_damage_at_two_hundred_places_gives_an_error_or_the_right_rows(intact, tmp_path):
    content, free = intact.database.read_bytes(), free_blocks(intact.database)
    harmless = sum(
        changed_blocks(content, damaged) <= free for _, damaged in damages(content, 200, seed=1)
    )
    assert harmless == 5, "bits of blocks in which nothing is"
    errors = assert_right_rows_or_advice(intact, tmp_path, intact.database, 200, seed=1)
    assert errors == 200 - harmless


def changed_blocks(before, after):
    """The numbers of changed blocks; -1 for the headers and for a changed length."""
    starts = range(HEADERS, max(len(before), len(after)), BLOCK)
    parts = ((before[at : at + BLOCK], after[at : at + BLOCK]) for at in starts)
    changed = {n for n, (old, new) in enumerate(parts) if old != new}
    same = before[:HEADERS] == after[:HEADERS] and len(before) == len(after)
    return changed if same else changed | {-1}


def killed_in_the_middle(database):
    """Write with another program, which is killed and leaves a write-ahead log."""
    command = [sys.executable, "-c", IN_A_PROGRAM_THAT_IS_KILLED, str(database)]
    assert subprocess.run(command, timeout=300, check=False).returncode == 9
    assert log_file(database).stat().st_size > 0


def test_damage_to_a_log_that_a_killed_program_left(home, tmp_path):
    killed_in_the_middle(home.database)
    assert len(all_rows(Database(home.database))["clusters"]) == 600  # read, and recorded
    assert read_record(home.database).contents.log is not None
    log = log_file(home.database)
    errors = assert_right_rows_or_advice(home, tmp_path, log, 16, seed=2, restored_every=16)
    assert errors == 16
    errors = assert_right_rows_or_advice(home, tmp_path, home.database, 8, seed=3, restored_every=9)
    assert errors == 8


def test_damage_to_a_log_that_was_never_read_ends_no_process_but_its_own(home, tmp_path):
    """A log may end anywhere, for a killed program: what it says until then is right."""
    killed_in_the_middle(home.database)
    log = log_file(home.database)
    assert_right_rows_or_advice(home, tmp_path, log, 2, seed=4, restored_every=2)


def test_damage_to_the_record_costs_nothing(home):
    expected = all_rows(Database(home.database))
    content = record_file(home.database).read_bytes()
    for what, damaged in damages(content, 3, seed=5):
        record_file(home.database).write_bytes(damaged)
        damage._checked.clear()
        assert all_rows(Database(home.database)) == expected, what
    assert record_file(home.database).read_bytes().startswith(content[:4])


def test_lock_files_may_hold_anything(home):
    expected = all_rows(Database(home.database))
    for name in ("lock", "reader", "readers"):
        home.database.with_name(f"{home.database.name}.{name}").write_bytes(b"\xff\0" * 999)
    assert all_rows(Database(home.database)) == expected


def test_another_program_may_write_the_file(home):
    expected = all_rows(Database(home.database))
    with duckdb.connect(home.database) as connection:
        connection.execute("CREATE TABLE notes AS SELECT * FROM range(100000) t(note)")
    assert all_rows(Database(home.database)) == expected
    before = read_record(home.database)
    with duckdb.connect(home.database) as connection:
        connection.execute("UPDATE notes SET note = note + 1")
    Database(home.database).check_file()
    assert read_record(home.database).contents.iteration > before.contents.iteration
    assert Database(home.database).read("SELECT min(note) AS n FROM notes")["n"].to_pylist() == [1]


def test_a_program_that_only_looks_changes_nothing(home, monkeypatch):
    no_probe(monkeypatch)
    for read_only in (True, False):
        with duckdb.connect(home.database, read_only=read_only) as connection:
            assert connection.execute("SELECT count(*) FROM clusters").fetchall() == [(600,)]
    Database(home.database).check_file()


def test_a_writer_that_was_killed_left_a_file_that_is_read_first(home):
    expected = all_rows(Database(home.database))
    code = """if True:
        import os, sys
        from pathlib import Path
        from insight_dagster.database import Database
        with Database(Path(sys.argv[1]))._connection(read_only=False) as connection:
            connection.execute("DELETE FROM clusters")
            os._exit(9)
    """
    command = [sys.executable, "-c", code, str(home.database)]
    assert subprocess.run(command, timeout=300, check=False).returncode == 9
    assert read_record(home.database) is None
    found = all_rows(Database(home.database))
    assert len(found.pop("clusters")) == 0, "it was committed"
    assert all(found[name] == expected[name] for name in found)
    assert read_record(home.database) is not None


def test_an_earlier_state_of_the_file_is_no_other_program_s_work(home, intact):
    Database(home.database).write(ReplacePartition(STEP_FAILURES, STEP_FAILURES.from_rows([]), "x"))
    Database(home.database).write(
        ReplacePartition(CLUSTERS, Database(home.database).rows(CLUSTERS), "yoga")
    )
    record = record_file(home.database).read_bytes()
    shutil.copyfile(intact.database, home.database)
    record_file(home.database).write_bytes(record)
    with pytest.raises(DamagedDatabaseError, match="its headers have changed since it was closed"):
        Database(home.database).rows(CLUSTERS)


def test_what_nobody_touched_is_neither_read_nor_probed(home, monkeypatch):
    no_probe(monkeypatch)
    damage._checked.clear()
    Database(home.database).check_file()
    monkeypatch.setattr(damage, "_compare", None)
    for _ in range(3):
        assert Database(home.database).rows(CLUSTERS).num_rows == 600


def test_a_copy_of_a_home_is_compared_and_not_probed(home, tmp_path, monkeypatch):
    no_probe(monkeypatch)
    shutil.copytree(home.root, tmp_path / "copy")
    assert Database(tmp_path / "copy" / home.database.name).rows(CLUSTERS).num_rows == 600


def test_large_files_are_recorded_whole_when_a_run_asks(home, monkeypatch):
    monkeypatch.setattr("insight_dagster.database.clean_close._ALWAYS_WHOLE", 0)
    database = Database(home.database)
    database.write(ReplacePartition(CLUSTERS, database.rows(CLUSTERS), "yoga"))
    assert read_record(home.database).contents.blocks is None
    no_probe(monkeypatch)
    database.rows(CLUSTERS)
    database.check_file()
    assert read_record(home.database).contents.blocks is not None


def test_damage_that_the_system_does_not_show_is_found_by_a_run(home):
    """A bit that flips on the disk changes no time of modification."""
    database = Database(home.database)
    expected = all_rows(database)
    record = read_record(home.database)
    data = bytearray(home.database.read_bytes())
    page = next(at for at in range(3 * 4096, len(data), 4096) if any(data[at : at + 4096]))
    data[page + 100] ^= 1
    home.database.write_bytes(data)
    stats = damage.stats_of(home.database)
    text = record_file(home.database).read_text(encoding="utf-8")
    damage._checked[home.database] = stats
    assert record.stats != stats and text
    try:
        assert all_rows(database) == expected
    except DatabaseError as problem:
        assert type(problem) is DamagedDatabaseError, "DuckDB's own checksum found it"
    with pytest.raises(DamagedDatabaseError, match="bytes have changed"):
        database.check_file()
