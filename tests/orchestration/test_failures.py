"""What the system can refuse: a full disk, a database held elsewhere, another version."""

import subprocess
import sys

import duckdb
import pytest

from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.database import Database
from insight_dagster.errors import DatabaseBusyError, DatabaseError, SchemaVersionError
from insight_dagster.tables import EMBEDDINGS, PREDICTIONS, SCHEMA_VERSION, STEP_FAILURES

pytestmark = pytest.mark.slow

# A limit on the size of files is what a full disk is to a program: writes begin to fail.
_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from insight_dagster.database import Database
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import EMBEDDINGS
from insight_dagster.database.writes import ReplacePartition

path = Path(sys.argv[1])
stored = Database(path).rows(EMBEDDINGS)
width = len(stored["embedding"][0])
values = np.random.default_rng(0).random((20_000, width), dtype=np.float32)
rows = pa.table({
    "clip_id": [str(n) for n in range(len(values))],
    "class_name": ["abseiling"] * len(values),
    "content_key": ["k"] * len(values),
    "model_fingerprint": ["m"] * len(values),
    "embedding": pa.FixedSizeListArray.from_arrays(values.ravel(), width),
})
limit = path.stat().st_size + 1_000_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    Database(path).write(ReplacePartition(EMBEDDINGS, rows, "abseiling"))
except DatabaseError as problem:
    print("refused:", problem)
"""


def test_a_full_disk_is_said_and_the_last_good_rows_stay(home_copy):
    store = Database(home_copy.folders.database)
    before = store.rows(EMBEDDINGS)
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(home_copy.folders.database)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("refused:"), done.stdout + done.stderr
    assert "insight.duckdb" in done.stdout
    assert store.rows(EMBEDDINGS).equals(before)


@pytest.fixture
def held(home_copy):
    """The home's database, opened by a program that does not know our lock file."""
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(home_copy.folders.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline().strip() == "held"
    yield home_copy.model_copy(update={"lock_timeout_seconds": 0.5})
    holder.communicate("\n", timeout=20)


def test_a_database_that_another_program_holds_is_named(held, quiet):
    with pytest.raises(DatabaseBusyError, match=r"insight\.duckdb is held by another program"):
        run_pipeline(held, console=quiet)


def test_a_database_that_is_held_in_the_middle_ends_the_run_and_costs_no_row(
    home_copy, quiet, monkeypatch
):
    """Every writing of embeddings finds the file held; reading works before and after."""
    before = Database(home_copy.folders.database).rows(PREDICTIONS)
    (home_copy.library_folder / "annotations.csv").unlink()
    clip = max(
        home_copy.library_folder.glob("train/abseiling/*.mp4"), key=lambda p: p.stat().st_size
    )
    clip.unlink()
    real, refused = Database.write, []

    def write(self, *writes):
        if any(getattr(one, "table", None) is EMBEDDINGS for one in writes):
            refused.append(writes)
            raise DatabaseBusyError("insight.duckdb is held by another program")
        real(self, *writes)

    monkeypatch.setattr(Database, "write", write)
    with pytest.raises(DatabaseBusyError, match="held by another program"):
        run_pipeline(home_copy, console=quiet)
    assert len(refused) == 1, "no class is tried again, and no stage follows"
    monkeypatch.undo()
    store = Database(home_copy.folders.database)
    assert store.rows(PREDICTIONS).equals(before)
    failed = {row["asset"] for row in store.rows(STEP_FAILURES).to_pylist()}
    assert failed <= {"verdict"}, "only the checks of the class with a broken file"
    assert run_pipeline(home_copy, classes=["abseiling"], console=quiet).succeeded
    assert store.rows(PREDICTIONS).num_rows == before.num_rows - 1


def test_a_home_of_another_version_is_refused_before_anything_is_done(home_copy, quiet):
    with duckdb.connect(home_copy.folders.database) as connection:
        connection.execute("UPDATE schema_version SET version = 1")
    with pytest.raises(
        SchemaVersionError,
        match=f"schema version 1, but this release reads version {SCHEMA_VERSION}",
    ):
        run_pipeline(home_copy, console=quiet)


def test_a_damaged_database_is_named(home_copy, quiet):
    home_copy.folders.database.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match=r"insight\.duckdb"):
        run_pipeline(home_copy, console=quiet)
