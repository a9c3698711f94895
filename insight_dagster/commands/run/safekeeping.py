"""`insight backup` and `insight restore`: keep what cannot be computed again, and bring it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database.backups.backup_folder import (
    Backup,
    back_up,
    list_backups,
    read_backup,
)
from insight_dagster.database.backups.restore import Restored, restore
from insight_dagster.errors import BackupError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import SCHEMA_VERSION


def make_backup(
    settings: Settings, folder: Path | None, *, as_json: bool, console: Console
) -> None:
    """Run `insight backup`: write a backup, verify it and print what is in it.

    Raises:
        BackupError: it cannot be written.
        DatabaseError: the database cannot be read, or is damaged.
    """
    store = open_database(settings)
    store.check_file()
    made = back_up(store, settings.folders, keep=settings.keep_backups, folder=folder)
    if as_json:
        print_json("backup", **_backup_values(made))
        return
    rows = [{"table": name, "rows": table.rows} for name, table in made.tables.items()]
    print_rows(console, rows, title="Backed up and read back", empty="")
    console.print(str(made.folder), soft_wrap=True)


def show_backups(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Run `insight backup --list`: read every backup of the home and print its state."""
    rows = [_state(folder) for folder in list_backups(settings.folders.backups)]
    if as_json:
        print_json("backup --list", backups=rows)
        return
    empty = f"{settings.folders.backups} has no backup; `insight backup` makes one."
    print_rows(console, rows, title="Backups, newest first", empty=empty)


def restore_home(settings: Settings, source: Path | None, *, run: bool, console: Console) -> None:
    """Run `insight restore`: bring back what cannot be computed again.

    Args:
        settings: of the home.
        source: a backup or a database; default: the newest backup, or the home's own database
            where another release wrote it.
        run: whether the library is analysed afterwards; otherwise how to do so is printed.
        console: to print to.

    Raises:
        BackupError: the backup is damaged.
        UnavailableError: there is nothing to restore, or no backup.
        DatabaseError: the source cannot be read.
    """
    done = restore(settings.folders, source, seconds=settings.lock_timeout_seconds)
    _print_restored(done, console)
    if not run:
        console.print("`insight run` computes the rest from the library.")


def _print_restored(done: Restored, console: Console) -> None:
    rows = [
        {
            "table": name,
            "rows": fitted.rows.num_rows,
            "filled_columns": fitted.filled,
            "left_out_columns": fitted.left_out,
        }
        for name, fitted in done.tables.items()
    ]
    print_rows(console, rows, title=f"Brought back from {done.source}", empty="")
    if done.schema_version < SCHEMA_VERSION:
        console.print(
            f"It has schema version {done.schema_version}, this release {SCHEMA_VERSION}: columns "
            "that it lacks were filled, and columns unknown to this release were left out.",
            soft_wrap=True,
        )
    if done.set_aside is not None:
        console.print(
            f"The former database is {done.set_aside}; delete it when you no longer need it.",
            soft_wrap=True,
        )


def _state(folder: Path) -> dict[str, Any]:
    """Return what is known of a backup; it is read whole, so that damage is seen."""
    try:
        backup, _ = read_backup(folder)
    except BackupError as problem:
        return {"backup": str(folder), "made_at": None, "rows": None, "problem": str(problem)}
    return {
        "backup": str(folder),
        "made_at": backup.made_at,
        "rows": backup.rows,
        "problem": None,
    }


def _backup_values(backup: Backup) -> dict[str, Any]:
    return {
        "backup": str(backup.folder),
        "made_at": backup.made_at,
        "release": backup.release,
        "database_version": backup.schema_version,
        "rows": {name: table.rows for name, table in backup.tables.items()},
    }
