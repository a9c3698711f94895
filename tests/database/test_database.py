"""The DuckDB file: round trips, transactions, locks, versions."""

import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import duckdb
import numpy as np
import psutil
import pyarrow as pa
import pytest

from insight_dagster.database import Database, instances, opening
from insight_dagster.database.locks import patience
from insight_dagster.database.locks.file_locks import hold_lock
from insight_dagster.database.locks.patience import seconds_left
from insight_dagster.database.writes import QuarantineClips, ReplacePartition
from insight_dagster.errors import (
    DatabaseBusyError,
    DatabaseError,
    SchemaVersionError,
    Unreadable,
)
from insight_dagster.tables import CLIP_MANIFEST, CLUSTERS, EMBEDDINGS, TABLES


def clusters(class_name: str, *clip_ids: str, cluster: int = 0) -> ReplacePartition:
    rows = pa.table(
        {
            "clip_id": list(clip_ids),
            "class_name": [class_name] * len(clip_ids),
            "space_id": ["s"] * len(clip_ids),
            "cluster": pa.array([cluster] * len(clip_ids), pa.int32()),
            "strength": [1.0] * len(clip_ids),
        },
        schema=pa.schema(
            [
                ("clip_id", pa.string()),
                ("class_name", pa.string()),
                ("space_id", pa.string()),
                ("cluster", pa.int32()),
                ("strength", pa.float64()),
            ]
        ),
    )
    return ReplacePartition(CLUSTERS, rows, class_name)


def embeddings(class_name: str, vectors: dict[str, list[float]]) -> ReplacePartition:
    count = len(vectors)
    rows = pa.table(
        {
            "clip_id": list(vectors),
            "class_name": [class_name] * count,
            "content_key": ["k"] * count,
            "model_fingerprint": ["m"] * count,
            "embedding": pa.array(list(vectors.values()), pa.list_(pa.float32())),
        }
    )
    return ReplacePartition(EMBEDDINGS, rows, class_name)


def manifest(class_name: str, clip_id: str) -> ReplacePartition:
    row = dict.fromkeys(CLIP_MANIFEST.column_names)
    row |= {"clip_id": clip_id, "class_name": class_name, "path": clip_id, "split": "train"}
    row |= {"content_key": "k", "window_start": 0.0, "status": "ok"}
    return ReplacePartition(CLIP_MANIFEST, pa.Table.from_pylist([row]), class_name)


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "home" / "insight.duckdb", lock_timeout_seconds=2)


def test_every_table_and_column_is_commented(database):
    database.write(embeddings("a", {"1": [1.0, 2.0]}))
    tables = database.read("SELECT table_name, comment FROM duckdb_tables()").to_pydict()
    comments = dict(zip(tables["table_name"], tables["comment"], strict=True))
    assert {table.name: comments[table.name] for table in TABLES} == {
        table.name: table.description for table in TABLES
    }
    silent = database.read(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND comment IS NULL AND table_name <> 'schema_version'"
    )
    assert silent.num_rows == 0


def test_replacing_a_partition_keeps_the_others(database):
    database.write(clusters("a", "1", "2"), clusters("b", "3"))
    database.write(clusters("a", "2", "4", cluster=7))
    assert database.rows(CLUSTERS).column("clip_id").to_pylist() == ["2", "3", "4"]
    assert database.rows(CLUSTERS, "a").column("cluster").to_pylist() == [7, 7]


def test_a_failing_write_leaves_the_last_good_rows(database):
    database.write(clusters("a", "1"), clusters("b", "3"))
    with pytest.raises(DatabaseError, match="(?i)constraint|duplicate"):
        database.write(clusters("b", "4"), clusters("a", "5", "5"))
    assert database.rows(CLUSTERS).column("clip_id").to_pylist() == ["1", "3"]


def test_embeddings_are_fixed_size_floats(database):
    assert database.rows(EMBEDDINGS).num_rows == 0
    database.write(embeddings("a", {"1": [1.0, 2.5]}))
    kind = database.read("SELECT typeof(embedding) AS kind FROM embeddings")
    assert kind.column("kind").to_pylist() == ["FLOAT[2]"]
    assert database.rows(EMBEDDINGS).column("embedding").to_pylist() == [[1.0, 2.5]]
    with pytest.raises(DatabaseError, match="one home keeps one architecture"):
        database.write(embeddings("b", {"2": [1.0, 2.0, 3.0]}))


def test_results_are_found_by_content_whatever_class_they_were_stored_under(database):
    assert database.covering(EMBEDDINGS, "a", column="model_fingerprint", version="m").num_rows == 0
    database.write(embeddings("b", {"1": [1.0]}), manifest("a", "2"))
    found = database.covering(EMBEDDINGS, "a", column="model_fingerprint", version="m")
    assert found.column("clip_id").to_pylist() == ["1"]
    other = database.covering(EMBEDDINGS, "a", column="model_fingerprint", version="other")
    assert other.num_rows == 0


def test_quarantining_marks_the_manifest_row_only(database):
    database.write(manifest("a", "2"), manifest("b", "3"))
    database.write(clusters("a"), QuarantineClips({"2": Unreadable("10 frames of 16 are missing")}))
    rows = database.rows(CLIP_MANIFEST).select(["clip_id", "status", "problem"]).to_pylist()
    assert rows == [
        {"clip_id": "2", "status": "quarantined", "problem": "10 frames of 16 are missing"},
        {"clip_id": "3", "status": "ok", "problem": None},
    ]


def test_wrong_columns_are_named():
    with pytest.raises(DatabaseError, match=r"lack \['class_name'.*unknown columns \['extra'\]"):
        ReplacePartition(CLUSTERS, pa.table({"clip_id": ["1"], "extra": [1]}), "a")


def test_readers_cannot_write(database):
    database.write(clusters("a", "1"))
    with pytest.raises(DatabaseError, match="read-only"):
        database.read("DELETE FROM clusters")
    assert database.rows(CLUSTERS).num_rows == 1


def test_another_schema_version_is_a_clear_error(database):
    database.write(clusters("a", "1"))
    with duckdb.connect(database.path) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(SchemaVersionError, match="version 99.*new home") as caught:
        database.rows(CLUSTERS)
    assert "insight restore" not in str(caught.value), "it refuses a newer one"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM schema_version",
        "INSERT INTO schema_version VALUES (7)",
        "ALTER TABLE schema_version RENAME version TO v",
        "CREATE OR REPLACE TABLE schema_version AS SELECT 'v1' AS version",
        "CREATE OR REPLACE TABLE schema_version AS SELECT CAST(NULL AS INTEGER) AS version",
    ],
)
def test_a_file_with_a_version_that_is_not_ours_is_refused(database, statement):
    database.write(clusters("a", "1"))
    with duckdb.connect(database.path) as connection:
        connection.execute(statement)
    with pytest.raises(SchemaVersionError, match="was not made by this project"):
        database.rows(CLUSTERS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER TABLE projection DROP COLUMN pca_y", r"lacks the columns \['projection.pca_y'\]"),
        ("ALTER TABLE projection ADD COLUMN z DOUBLE", r"unknown columns \['projection.z'\]"),
        ("DROP TABLE drift", r"lacks the columns \['drift.adjusted_p', .*choose a new home"),
        ("ALTER TABLE embeddings ADD COLUMN z DOUBLE", r"unknown columns \['embeddings.z'\]"),
    ],
)
def test_other_columns_are_a_clear_error_for_readers_and_writers(database, change, message):
    database.write(embeddings("a", {"1": [0.0, 1.0]}))
    with duckdb.connect(database.path) as connection:
        connection.execute(change)
    with pytest.raises(SchemaVersionError, match=message):
        database.rows(CLUSTERS)
    with pytest.raises(SchemaVersionError, match=message):
        database.write(clusters("a", "1"))


def test_tables_of_others_in_the_file_are_left_alone(database):
    database.write(clusters("a", "1"))
    with duckdb.connect(database.path) as connection:
        connection.execute("CREATE TABLE notes (text VARCHAR)")
    assert database.rows(CLUSTERS).num_rows == 1


def test_a_foreign_file_is_refused(tmp_path):
    with duckdb.connect(tmp_path / "other.duckdb") as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    with pytest.raises(SchemaVersionError, match="not made by this project"):
        Database(tmp_path / "other.duckdb").rows(CLUSTERS)
    (tmp_path / "text.duckdb").write_text("not a database")
    with pytest.raises(DatabaseError, match="text.duckdb"):
        Database(tmp_path / "text.duckdb").rows(CLUSTERS)


def test_an_empty_file_left_by_a_killed_run_is_completed(database):
    database.path.parent.mkdir()
    duckdb.connect(database.path).close()
    assert database.rows(CLUSTERS).num_rows == 0
    database.write(clusters("a", "1"))
    assert database.rows(CLUSTERS).num_rows == 1


def held_elsewhere(path, *, read_only):
    code = (
        "import duckdb, sys, time; held = duckdb.connect(sys.argv[1], read_only=bool(sys.argv[2]));"
        "held.execute('FROM clusters'); print('held', flush=True); time.sleep(60)"
    )
    return printing_held([sys.executable, "-c", code, str(path), "yes" if read_only else ""])


@contextmanager
def printing_held(command):
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().strip() == "held"
        yield holder
    finally:
        holder.kill()
        holder.wait()


def test_a_file_held_elsewhere_is_waited_for_then_reported(database):
    database.write(clusters("a", "1"))
    with (
        held_elsewhere(database.path, read_only=False),
        pytest.raises(DatabaseBusyError, match="held by another program"),
    ):
        Database(database.path, lock_timeout_seconds=0.3).rows(CLUSTERS)


def test_who_holds_the_file_is_said(database):
    database.write(clusters("a", "1"))
    for read_only in (False, True):
        with held_elsewhere(database.path, read_only=read_only) as holder:
            impatient = Database(database.path, lock_timeout_seconds=0.3)
            with pytest.raises(DatabaseBusyError) as caught:
                impatient.write(clusters("a", "2"))
        said = f"process {holder.pid} ({sys.executable} -c"
        assert said in str(caught.value)
        assert f"user {psutil.Process().username()}, running since 20" in str(caught.value)


def test_another_writer_of_ours_is_said(database):
    database.write(clusters("a", "1"))
    code = """if True:
        import sys, time
        from pathlib import Path
        from insight_dagster.database import Database
        with Database(Path(sys.argv[1]))._connection(read_only=False):
            print("held", flush=True)
            time.sleep(60)
    """
    with (
        printing_held([sys.executable, "-c", code, str(database.path)]) as holder,
        pytest.raises(DatabaseBusyError, match=rf"process {holder.pid} \("),
    ):
        Database(database.path, lock_timeout_seconds=0.3).rows(CLUSTERS)


def test_reads_share_an_instance_which_has_no_file_open_between_them(database):
    database.write(clusters("a", "1"))
    database.rows(CLUSTERS)
    instance = instances._idle[os.getpid()][1]
    assert str(database.path) not in {file.path for file in psutil.Process().open_files()}
    with duckdb.connect(database.path) as connection:  # a program without our locks can write
        connection.execute("UPDATE clusters SET clip_id = '2'")
    assert database.rows(CLUSTERS)["clip_id"].to_pylist() == ["2"]
    assert instances._idle[os.getpid()][1] is instance
    with pytest.raises(DatabaseError, match="nonsense"):
        database.read("SELECT nonsense")
    assert os.getpid() not in instances._idle, "an instance that met an error is not used again"
    assert database.rows(CLUSTERS).num_rows == 1


def test_attempts_that_wait_in_vain_share_the_timeout_until_one_succeeds(database):
    database.write(clusters("a", "1"))
    impatient = Database(database.path, lock_timeout_seconds=1)

    def seconds_of_an_attempt():
        began = time.monotonic()
        with pytest.raises(DatabaseBusyError):
            impatient.rows(CLUSTERS)
        return time.monotonic() - began

    for _ in range(2):
        with held_elsewhere(database.path, read_only=False):
            first, *others = (seconds_of_an_attempt() for _ in range(6))
            assert first >= 1
            assert statistics.median(others) < 0.75 * first, "they did not wait again"
        assert impatient.rows(CLUSTERS).num_rows == 1


def test_waits_of_threads_at_the_same_time_count_once(database):
    path, began = database.path, time.monotonic() - 10
    for _ in range(4):
        patience.add_wait(path, began)
    assert 89 < patience.seconds_left(path, 100) <= 90
    assert patience.seconds_left(path, 5) == 0
    time.sleep(0.02)
    assert patience.seconds_left(path, 0.01) == 0.01, "it ended longer ago than the limit"


def test_a_shell_that_reads_keeps_a_writer_waiting_and_no_reader(database):
    database.write(clusters("a", "1"))
    with ThreadPoolExecutor(1) as pool:
        with held_elsewhere(database.path, read_only=True):
            patient = Database(database.path, lock_timeout_seconds=30)
            writing = pool.submit(patient.write, clusters("a", "2"))
            seconds = []
            for _ in range(20):
                started = time.monotonic()
                assert patient.rows(CLUSTERS).num_rows == 1
                seconds.append(time.monotonic() - started)
                time.sleep(0.1)
            assert not writing.done()
        writing.result(timeout=30)
    assert statistics.median(seconds) < 1  # one stall is the machine's
    assert database.rows(CLUSTERS).column("clip_id").to_pylist() == ["2"]


def _write_vectors(path, worker, rounds, start):
    database = Database(path, lock_timeout_seconds=60)
    start.wait()
    name = f"class {worker}"
    rng = np.random.default_rng(worker)
    for turn in range(rounds):
        values = rng.random((400, 768), dtype=np.float32)
        values[:, 0] = turn
        rows = pa.table(
            {
                "clip_id": [f"{worker}-{number}" for number in range(len(values))],
                "class_name": [name] * len(values),
                "content_key": ["k"] * len(values),
                "model_fingerprint": ["m"] * len(values),
                "embedding": pa.FixedSizeListArray.from_arrays(values.ravel(), values.shape[1]),
            }
        )
        database.write(ReplacePartition(EMBEDDINGS, rows, name))


def test_eight_writers_lose_no_write_and_a_reader_waits_for_few_of_them(database):
    database.write(embeddings("class 0", {"first": [0.0] * 768}))
    context = multiprocessing.get_context("spawn")
    # All start together, after their imports, so that they wait for the file and nothing else.
    start = context.Barrier(9)
    writers = [
        context.Process(target=_write_vectors, args=(database.path, worker, 4, start))
        for worker in range(8)
    ]
    for writer in writers:
        writer.start()
    start.wait(timeout=120)
    reader = Database(database.path, lock_timeout_seconds=120)
    began, waits = time.monotonic(), []
    while any(writer.is_alive() for writer in writers):
        started = time.monotonic()
        reader.read("SELECT class_name, count(*) FROM embeddings GROUP BY ALL")
        waits.append(time.monotonic() - started)
        time.sleep(0.05)
    assert [writer.exitcode for writer in writers] == [0] * 8
    rows = database.read("SELECT embedding[1] AS turn, count(*) AS n FROM embeddings GROUP BY ALL")
    assert rows.to_pylist() == [{"turn": 3.0, "n": 8 * 400}]
    # 32 writes: a reader that had to wait for all of them would wait for all of this time.
    total = time.monotonic() - began
    assert max(waits) < total / 3, f"{len(waits)} reads, longest {max(waits):.2f} of {total:.2f} s"
    assert statistics.median(waits) < total / 10


def test_nothing_is_imported_while_the_file_is_held(database):
    """DuckDB imports half of Arrow with its first table: others would wait a second for that."""
    database.write(clusters("a", "1"))
    code = """if True:
        import sys
        from pathlib import Path
        from insight_dagster.database import Database, opening
        from insight_dagster.tables import CLUSTERS
        from insight_dagster.database.writes import Upsert
        attach, known = opening._attach, []
        def attached(*args, **kwargs):
            known.append(set(sys.modules))
            return attach(*args, **kwargs)
        opening._attach = attached
        store = Database(Path(sys.argv[1]))
        rows = store.read("FROM clusters", [])
        reading = set(sys.modules) - known[-1]
        store.write(Upsert(CLUSTERS, rows))
        print(sorted(reading | set(sys.modules) - known[-1]))
    """
    command = [sys.executable, "-c", code, str(database.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_readers_that_follow_each_other_do_not_keep_a_writer_out(database):
    database.write(clusters("a", "1"))
    patient, ended = Database(database.path, lock_timeout_seconds=30), threading.Event()

    def read_on():
        while not ended.is_set():
            with patient._connection(read_only=True):
                time.sleep(0.4)

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read_on) for _ in range(2)]
        time.sleep(0.3)
        started = time.monotonic()
        try:
            patient.write(clusters("a", "2"))
        finally:
            ended.set()
        waited = time.monotonic() - started
        for each in reading:
            each.result(timeout=30)
    assert waited < 3
    assert database.rows(CLUSTERS).column("clip_id").to_pylist() == ["2"]


def test_readers_do_not_wait_for_each_other(database):
    database.write(clusters("a", "1"))
    with database._connection(read_only=True):
        code = (
            "import sys; from pathlib import Path; "
            "from insight_dagster.database import Database; "
            "print(Database(Path(sys.argv[1]), 1).read('SELECT 1').num_rows)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(database.path)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.stdout.strip() == "1", done.stderr


def test_a_writer_waits_for_a_reader_of_its_own_process(database):
    database.write(clusters("a", "1"))
    with database._connection(read_only=True), pytest.raises(DatabaseBusyError):
        Database(database.path, lock_timeout_seconds=0.2).write(clusters("a", "2"))
    database.write(clusters("a", "2"))
    assert database.rows(CLUSTERS).column("clip_id").to_pylist() == ["2"]


def test_waiting_until_the_file_is_closed_is_part_of_the_same_timeout(database):
    database.write(clusters("a", "1"))
    with hold_lock(database.path, read_only=False, seconds=1):
        with pytest.raises(DatabaseBusyError, match="within 0.3 s"):
            Database(database.path, lock_timeout_seconds=0.3).check_file()
        assert patience._waits[database.path][0] >= 0.3, "it was waited in vain"
        assert seconds_left(database.path, 3600) <= 3600 - 0.3
    database.check_file()


def test_a_file_that_could_not_be_used_is_not_in_use(database, monkeypatch):
    database.write(clusters("a", "1"))
    monkeypatch.setattr(opening, "literal", lambda text: f"'{text}' AS other; SELECT 1 --")
    with pytest.raises(DatabaseError, match="held"):
        database.rows(CLUSTERS)
    assert database.path not in opening._in_use
