"""Backups: verified copies of what no run computes again, and homes brought back with them."""

import errno
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from insight_dagster.database import Database
from insight_dagster.database.backups import backup_folder
from insight_dagster.database.backups.backup_folder import (
    back_up,
    list_backups,
    read_backup,
    read_manifest,
)
from insight_dagster.database.backups.restore import restore
from insight_dagster.database.clean_close import log_file
from insight_dagster.database.writes import ReplaceTable, Upsert
from insight_dagster.errors import (
    BackupError,
    DamagedDatabaseError,
    DatabaseError,
    SchemaVersionError,
    UnavailableError,
)
from insight_dagster.files import interruption
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import (
    BASELINE_CLIPS,
    BASELINES,
    INSIGHT_LEDGER,
    IRREPLACEABLE,
    LAST_WRITE,
    PINNED_INSIGHTS,
    SCHEMA_VERSION,
)
from tests.support.damage import damages
from tests.support.small_database import fill_history, history, made_up_rows


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folders = HomeFolders(tmp_path_factory.mktemp("filled"))
    fill_history(Database(folders.database))
    return folders


@pytest.fixture
def home(filled, tmp_path):
    shutil.copytree(filled.root, tmp_path / "home")
    return HomeFolders(tmp_path / "home")


def test_what_no_run_computes_again_is_declared():
    assert {table.name for table in IRREPLACEABLE} >= {
        "insight_ledger", "baselines", "baseline_clips", "pinned_insights", "check_results",
        "last_write",
    }  # fmt: skip
    assert not {table.name for table in IRREPLACEABLE} & {
        "clip_manifest", "embeddings", "predictions", "metadata_table", "metadata_frames",
        "latent_spaces", "projection", "clusters", "insights", "heatmap_bundles", "drift",
    }  # fmt: skip


def test_a_backup_has_every_row_and_says_what_it_is(home):
    store = Database(home.database)
    rows = BASELINE_CLIPS.from_rows(made_up_rows(BASELINE_CLIPS, 2, loss=None).to_pylist())
    index = rows.column_names.index("confidence")
    rows = rows.set_column(index, "confidence", pa.array([np.nan, 0.5]))
    store.write(ReplaceTable(BASELINE_CLIPS, rows))
    made = back_up(store, home, keep=7)
    read, found = read_backup(made.folder)
    assert read == made and made.folder.parent == home.backups
    kept = history(store)
    assert set(found) == set(kept)
    assert all(str(found[name].to_pylist()) == str(kept[name].to_pylist()) for name in kept), (
        "as text, so that NaN is NaN"
    )
    assert made.tables["baseline_clips"].rows == 2 and made.rows == sum(map(len, kept.values()))


def test_old_backups_are_deleted_when_a_new_one_is_verified(home, monkeypatch):
    store = Database(home.database)
    stranger = home.backups / "notes"
    stranger.mkdir(parents=True)
    made = [back_up(store, home, keep=2).folder for _ in range(3)]
    assert list_backups(home.backups) == made[:0:-1]
    assert [int(path.name[:6]) for path in made] == [1, 2, 3]
    monkeypatch.setattr(backup_folder, "_same", lambda left, right: False)
    with pytest.raises(BackupError, match="was read back with other rows"):
        back_up(store, home, keep=1)
    assert list_backups(home.backups) == made[:0:-1], "nothing new, nothing deleted"
    assert stranger.is_dir()


def test_a_clock_that_goes_back_does_not_change_what_is_newest(home, monkeypatch):
    store = Database(home.database)
    first = back_up(store, home, keep=2).folder
    earlier = backup_folder.utc_now().replace(year=2020)
    monkeypatch.setattr(backup_folder, "utc_now", lambda: earlier)
    second = back_up(store, home, keep=2).folder
    assert list_backups(home.backups) == [second, first]


def test_a_folder_that_is_named_must_be_new(home, tmp_path):
    store = Database(home.database)
    made = back_up(store, home, keep=1, folder=tmp_path / "mine")
    assert made.folder == tmp_path / "mine" and not home.backups.exists()
    with pytest.raises(BackupError, match="is not an empty folder"):
        back_up(store, home, keep=1, folder=tmp_path / "mine")
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="file"):
        back_up(store, home, keep=1, folder=tmp_path / "file" / "below")


def test_damage_to_a_backup_is_refused_by_name_and_changes_nothing(home):
    store = Database(home.database)
    made = back_up(store, home, keep=1).folder
    kept = history(store)
    for path in sorted(made.iterdir()):
        content = path.read_bytes()
        for what, damaged in damages(content, 4, seed=len(content)):
            path.write_bytes(damaged)
            with pytest.raises(BackupError, match=path.name) as caught:
                restore(home, made, seconds=1)
            assert "damaged" in str(caught.value), what
        path.write_bytes(content)
        path.rename(made.parent / "away")
        with pytest.raises(BackupError, match=path.name):
            restore(home, made, seconds=1)
        (made.parent / "away").rename(path)
    assert history(store) == kept
    assert read_manifest(made).rows == sum(map(len, kept.values()))


@pytest.mark.parametrize(
    "change",
    [
        lambda values: [values],
        lambda values: None,
        lambda values: {**values, "tables": []},
        lambda values: {**values, "tables": {"baselines": "baselines.parquet"}},
        lambda values: {**values, "tables": {"t": {"file": "a", "rows": "2", "sha256": ""}}},
        lambda values: {**values, "tables": {"t": {"file": "../a", "rows": 2, "sha256": ""}}},
        lambda values: {**values, "schema_version": "6"},
        lambda values: {**values, "schema_version": None},
        lambda values: {name: each for name, each in values.items() if name != "release"},
    ],
)  # fmt: skip
def test_a_manifest_of_an_unknown_form_is_refused(home, change):
    made = back_up(Database(home.database), home, keep=1).folder
    values = json.loads((made / "manifest.json").read_text().partition("\n")[2])
    write_manifest(made, {**values, "mood": "good"})
    assert read_manifest(made).rows > 0, "what a later release added is left out"
    write_manifest(made, change(values))
    with pytest.raises(BackupError, match="is no manifest that this release knows"):
        read_manifest(made)


def write_manifest(folder, values):
    text = json.dumps(values)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(f"{checksum}\n{text}", encoding="utf-8")


@pytest.mark.parametrize("links", [True, False])
def test_a_home_has_a_database_at_any_moment(home, monkeypatch, links):
    store = Database(home.database)
    made = back_up(store, home, keep=1).folder
    kept = history(store)
    log_file(home.database).write_bytes(b"")

    def replace_and_look(source, target, *, real=os.replace):
        if target == home.database:
            assert home.database.exists() is links and not log_file(home.database).exists()
            assert Path(f"{home.database}.set-aside-1").exists(), "before another takes its place"
            assert interruption._state.busy, "a signal waits for it"
        real(source, target)

    def without_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "replace", replace_and_look)
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    done = restore(home, made, seconds=1)
    assert history(store) == kept == history(Database(done.set_aside))
    assert not home.database.samefile(done.set_aside)


def test_a_home_that_cannot_be_written_is_named_with_what_to_do(home, monkeypatch):
    made = back_up(Database(home.database), home, keep=1).folder

    def refuse(source, target):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(DatabaseError, match="make the home writable, then run `insight restore`"):
        restore(home, made, seconds=1)
    assert Database(home.database).rows(BASELINES).num_rows == 3


@pytest.mark.parametrize("links", [True, False])
def test_a_home_whose_database_cannot_be_replaced_stays_as_it_was(home, monkeypatch, links):
    made = back_up(Database(home.database), home, keep=1).folder
    content, log = home.database.read_bytes(), log_file(home.database)
    log.write_bytes(b"log")

    def refuse_the_new_one(source, target, *, real=os.replace):
        if target == home.database and "set-aside" not in str(source):
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    def without_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "replace", refuse_the_new_one)
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    with pytest.raises(DatabaseError, match="cannot be replaced .Input/output error"):
        restore(home, made, seconds=1)
    assert (home.database.read_bytes(), log.read_bytes()) == (content, b"log")
    assert not list(home.root.glob("*set-aside*"))


def test_a_file_system_that_cannot_synchronise_folders_has_backups(home, monkeypatch):
    def refuse_folders(descriptor, *, real=os.fsync):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    assert back_up(Database(home.database), home, keep=1).rows > 0


@pytest.mark.parametrize("how", ["missing", "empty", "text"])
def test_a_lost_home_comes_back_and_counts_on(home, how):
    store = Database(home.database)
    kept = history(store)
    back_up(store, home, keep=1)
    if how == "missing":
        home.database.unlink()
    else:
        home.database.write_text("" if how == "empty" else "not a database")
    for use in (
        store.check_file,
        lambda: store.rows(BASELINES),
        lambda: store.write(ReplaceTable(BASELINES, made_up_rows(BASELINES, 1))),
    ):
        with pytest.raises(DamagedDatabaseError, match="`insight restore`"):
            use()
    done = restore(home, None, seconds=1)
    assert (done.set_aside is None) == (how == "missing")
    assert history(store) == kept
    pins = made_up_rows(PINNED_INSIGHTS, 1, insight_id="new", sequence=None)
    store.write(Upsert(PINNED_INSIGHTS, pins))
    numbers = {
        row["insight_id"]: row["sequence"] for row in store.rows(PINNED_INSIGHTS).to_pylist()
    }
    assert numbers.pop("new") > max(numbers.values())


def test_a_home_that_is_intact_is_left_alone_unless_a_backup_is_named(home):
    store = Database(home.database)
    made = back_up(store, home, keep=1).folder
    with pytest.raises(UnavailableError, match="is intact"):
        restore(home, None, seconds=1)
    store.write(ReplaceTable(BASELINES, made_up_rows(BASELINES, 9)))
    done = restore(home, made, seconds=1)
    assert store.rows(BASELINES).num_rows == 3
    assert Database(done.set_aside).rows(BASELINES).num_rows == 9
    assert restore(home, made, seconds=1).set_aside.name.endswith(".set-aside-2")


def test_without_a_backup_nothing_is_touched(home):
    home.database.write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError, match="has no backup"):
        restore(home, None, seconds=1)
    assert home.database.read_bytes() == b"no database" * 1000
    with pytest.raises(BackupError, match="neither a backup nor a database"):
        restore(home, home.root / "missing", seconds=1)


def of_another_release(path):
    """Change a database as an older release would have written it."""
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = 4")
        connection.execute("DROP TABLE last_write")
        for table in ("baselines", "pinned_insights", "insight_ledger"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN sequence")
        connection.execute("ALTER TABLE baselines DROP COLUMN author")
        connection.execute("ALTER TABLE baselines DROP COLUMN mean_loss")
        connection.execute("ALTER TABLE baselines ADD COLUMN mood VARCHAR DEFAULT 'good'")
        connection.execute("ALTER TABLE check_results ALTER passed TYPE INTEGER")


def test_the_home_of_another_release_is_brought_over(home):
    store = Database(home.database)
    kept = history(store)
    of_another_release(home.database)
    with pytest.raises(SchemaVersionError, match="`insight restore`"):
        store.rows(BASELINES)
    done = restore(home, None, seconds=1)
    assert (done.source, done.schema_version) == (home.database, 4)
    fitted = done.tables["baselines"]
    assert set(fitted.filled) == {"sequence", "author", "mean_loss"}
    assert fitted.left_out == ("mood",)
    found = store.rows(BASELINES).sort_by("created_at").to_pylist()
    assert [row["sequence"] for row in found] == [1, 2, 3], "in the order of their times"
    assert {(row["author"], row["mean_loss"]) for row in found} == {("", None)}
    for table in (BASELINE_CLIPS, INSIGHT_LEDGER):
        ours = store.rows(table).drop_columns([n for n in ("sequence",) if n in table.column_names])
        assert ours == kept[table.name].select(ours.column_names)
    (last,) = store.rows(LAST_WRITE)["sequence"].to_pylist()
    assert last == pc.max(store.rows(INSIGHT_LEDGER)["sequence"]).as_py() == 50


def test_a_newer_release_s_rows_are_refused_and_nothing_changes(home, tmp_path, monkeypatch):
    store = Database(home.database)
    monkeypatch.setattr(backup_folder, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    made = back_up(store, home, keep=1).folder
    kept = history(store)
    with pytest.raises(BackupError, match=f"has schema version {SCHEMA_VERSION + 1}, but"):
        restore(home, made, seconds=1)
    newer = tmp_path / "newer.duckdb"
    shutil.copyfile(home.database, newer)
    with duckdb.connect(newer) as connection:
        connection.execute("UPDATE schema_version SET version = version + 1")
    with pytest.raises(BackupError, match=f"versions up to {SCHEMA_VERSION};"):
        restore(home, newer, seconds=1)
    assert history(store) == kept and not list(home.root.glob("*set-aside*"))


def test_a_database_of_another_program_is_no_source(home, tmp_path):
    with duckdb.connect(tmp_path / "other.duckdb") as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    with pytest.raises(SchemaVersionError, match="not made by this project"):
        restore(home, tmp_path / "other.duckdb", seconds=1)
    (tmp_path / "broken.duckdb").write_bytes(b"x" * 100_000)
    with pytest.raises(DatabaseError, match=r"broken\.duckdb is damaged"):
        restore(home, tmp_path / "broken.duckdb", seconds=1)


def test_values_that_do_not_fit_are_named(home):
    made = back_up(Database(home.database), home, keep=1).folder
    with duckdb.connect(home.database) as connection:
        connection.execute("UPDATE schema_version SET version = 4")
        connection.execute("ALTER TABLE baselines ALTER clips TYPE VARCHAR")
        connection.execute("UPDATE baselines SET clips = 'many'")
    with pytest.raises(BackupError, match=r"baselines\.clips is string in the source and int32"):
        restore(home, None, seconds=1)
    assert json.loads((made / "manifest.json").read_text().partition("\n")[2])["tables"]
