"""What looks like damage of a database and is none: other programs, limits, texts of errors."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from insight_dagster.database import Database, damage
from insight_dagster.database.backups.backup_folder import list_backups
from insight_dagster.database.backups.restore import restore
from insight_dagster.database.clean_close import read_record, record_file
from insight_dagster.database.file_format import BLOCK, HEADERS, free_blocks
from insight_dagster.errors import (
    DamagedDatabaseError,
    DatabaseBusyError,
    DatabaseError,
    UncheckedDatabaseError,
)
from insight_dagster.tables import CLUSTERS
from tests.support.small_database import all_rows

WRITES_BLOCKS_WITHOUT_COMMIT = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("BEGIN")
connection.execute("INSERT INTO notes SELECT CAST(random() * 1e15 AS BIGINT) FROM range(1000000)")
print("written", flush=True)
sys.stdin.readline()
if sys.argv[2] == "rollback":
    connection.execute("ROLLBACK")
    connection.close()
os._exit(9)
"""


def test_free_blocks_are_those_that_duckdb_counts(home):
    with duckdb.connect(home.database) as connection:
        for n in range(4):
            connection.execute(f"CREATE TABLE t{n} AS SELECT random() FROM range(300000)")  # noqa: S608
            connection.execute("CHECKPOINT")
        connection.execute("DROP TABLE t1; DROP TABLE t2; CHECKPOINT")
        size = connection.execute("PRAGMA database_size").fetchall()[0]
    free = free_blocks(home.database)
    assert len(free) == size[5] > 10 and max(free) < size[3]
    content = bytearray(home.database.read_bytes())
    for block in free:
        start = HEADERS + block * BLOCK
        content[start : start + BLOCK] = bytes(BLOCK)
    home.database.write_bytes(content)
    with duckdb.connect(home.database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM t3").fetchall() == [(300000,)]


@contextmanager
def another_program(database, ending):
    """A program that has written blocks inside a transaction, and goes on when told to."""
    with duckdb.connect(database) as connection:
        connection.execute("CREATE TABLE notes (note BIGINT)")
    Database(database).check_file()
    command = [sys.executable, "-c", WRITES_BLOCKS_WITHOUT_COMMIT, str(database), ending]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout.readline() == "written\n"
        try:
            yield program
        finally:
            program.kill()


@pytest.mark.parametrize("ending", ["rollback", "kill"])
def test_what_another_program_wrote_and_did_not_commit_is_no_damage(home, ending):
    expected = all_rows(Database(home.database))
    size = home.database.stat().st_size
    with another_program(home.database, ending) as program:
        program.communicate("\n", timeout=300)
    assert home.database.stat().st_size > size, "blocks were appended"
    Database(home.database).check_file()
    assert all_rows(Database(home.database)) == expected
    assert read_record(home.database) is not None


def test_a_file_that_another_program_writes_is_busy_and_not_damaged(home):
    store = Database(home.database, 0.5)
    expected = all_rows(store)
    with another_program(home.database, "rollback") as program:
        store.check_file()  # it is checked when it can be opened
        with pytest.raises(DatabaseBusyError, match=f"process {program.pid} "):
            store.rows(CLUSTERS)
    assert all_rows(Database(home.database)) == expected


@pytest.mark.parametrize(
    ("ending", "kind", "message"),
    [
        ("exit 1", UncheckedDatabaseError, "exit status 1"),
        ("signal 9", UncheckedDatabaseError, "signal 9"),
        ("hang", UncheckedDatabaseError, "reading it takes longer than"),
        ("answer unknown Out of Memory", UncheckedDatabaseError, "Out of Memory"),
        ("answer damaged IO Error", DamagedDatabaseError, "IO Error"),
        ("answer held Could not set lock on file", DatabaseBusyError, "held by another program"),
        ("signal 11", DamagedDatabaseError, "signal 11"),
        ("signal 6", DamagedDatabaseError, "signal 6"),
    ],
)
def test_only_a_crash_of_the_process_that_reads_is_damage(home, monkeypatch, ending, kind, message):
    record_file(home.database).unlink()
    Path(f"{home.database}.ending").write_text(ending, encoding="utf-8")
    monkeypatch.setattr(damage, "MODULE", "tests.support.ending_child")
    monkeypatch.setattr(damage, "_PROBE_SECONDS", 0.1)
    seconds = 0.5 if ending == "hang" else 60.0
    monkeypatch.setattr("insight_dagster.files.processes.child._STARTUP_SECONDS", seconds)
    with pytest.raises(DatabaseError, match=message) as caught:
        Database(home.database, 0.2).rows(CLUSTERS)
    assert type(caught.value) is kind
    if kind is UncheckedDatabaseError:
        with pytest.raises(UncheckedDatabaseError, match="name a backup"):
            restore(home, None, seconds=1)
        assert restore(home, list_backups(home.backups)[0], seconds=1).set_aside


def test_a_system_without_room_for_a_process_is_no_damage(home, monkeypatch):
    record_file(home.database).unlink()
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(UncheckedDatabaseError, match="no process can be started: No such file"):
        Database(home.database).rows(CLUSTERS)


def test_errors_that_quote_data_or_a_full_disk_are_no_damage(home):
    database = Database(home.database)
    for sql in (
        "SELECT error('Corrupt database file: computed checksum')",
        "SELECT CAST('corrupt' AS INTEGER)",
        "SELECT * FROM read_csv('Corrupt.csv')",
    ):
        with pytest.raises(DatabaseError, match="(?i)corrupt") as caught:
            database.read(sql)
        assert type(caught.value) is DatabaseError, sql


def test_a_disk_that_becomes_full_is_no_damage(tmp_path):
    code = """if True:
        import duckdb, resource, signal, sys
        from pathlib import Path
        from insight_dagster.database.opening import error_of
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        connection = duckdb.connect(sys.argv[1])
        connection.execute("CREATE TABLE t AS SELECT random() FROM range(100000)")
        connection.execute("CHECKPOINT")
        resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
        connection.execute("INSERT INTO t SELECT random() FROM range(30000)")
        try:
            connection.execute("CHECKPOINT")
        except duckdb.FatalException as problem:
            print(error_of(Path("insight.duckdb"), problem))
    """
    command = [sys.executable, "-c", code, str(tmp_path / "insight.duckdb")]
    done = subprocess.run(command, timeout=300, check=True, capture_output=True, text=True)
    assert "Could not write file" in done.stdout and "is damaged" not in done.stdout
