"""Bringing a home back: a new database with what cannot be computed again.

The rows come from a backup (`backup_folder`), or from the database of another release. The former
database is set aside. What else the database held is computed by the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from insight_dagster.database import Database
from insight_dagster.database.backups.backup_folder import list_backups, read_backup
from insight_dagster.database.backups.fitting_columns import FittedRows, fit_columns, number_rows
from insight_dagster.database.clean_close import record_file
from insight_dagster.database.other_release import read_other_release
from insight_dagster.database.replacement import replace_database
from insight_dagster.database.writes import ReplaceTable
from insight_dagster.errors import (
    BackupError,
    DatabaseBusyError,
    DatabaseError,
    SchemaVersionError,
    UnavailableError,
    UncheckedDatabaseError,
)
from insight_dagster.files.atomic import draft_folder
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import IRREPLACEABLE, LAST_WRITE, SCHEMA_VERSION


@dataclass(frozen=True)
class Restored:
    """What was brought back.

    Attributes:
        source: the backup or database that the rows came from.
        schema_version: of the source.
        set_aside: where the former database is now; None if there was none.
        tables: rows of each table, with the columns that were filled or left out.
    """

    source: Path
    schema_version: int
    set_aside: Path | None
    tables: Mapping[str, FittedRows]


def restore(folders: HomeFolders, source: Path | None, *, seconds: float) -> Restored:
    """Replace the home's database by a new one with what cannot be computed again.

    Args:
        folders: of the home.
        source: a backup, or an intact database of any release; default: the home's database where
            another release wrote it, otherwise the newest backup.
        seconds: longest wait for other processes.

    Raises:
        UnavailableError: there is no backup, or the database is intact and no backup was named.
        BackupError: the backup is damaged, or a newer release made it; nothing was changed.
        DatabaseError: the source is damaged or was not made by this project, or another process
            uses the home's database.
    """
    chosen = source or _choose(folders, seconds)
    version, found = _read(chosen, seconds)
    if version > SCHEMA_VERSION:
        raise BackupError(
            f"{chosen} has schema version {version}, but this release knows versions up to "
            f"{SCHEMA_VERSION}; restore it with the release that wrote it, or a later one"
        )
    fitted = {table.name: fit_columns(table, found.get(table.name)) for table in IRREPLACEABLE}
    fitted = number_rows(fitted)
    with draft_folder(folders.database) as draft:
        new = Database(draft / folders.database.name)
        new.write(*(ReplaceTable(table, fitted[table.name].rows) for table in IRREPLACEABLE))
        aside = replace_database(folders.database, new.path, seconds=seconds)
    return Restored(chosen, version, aside, fitted)


def _choose(folders: HomeFolders, seconds: float) -> Path:
    path = folders.database
    if path.exists():
        reason = _unusable(path, seconds)
        if reason is None:
            raise UnavailableError(
                f"{path} is intact; to go back to an earlier state, name one of the backups in "
                f"{folders.backups}"
            )
        if isinstance(reason, SchemaVersionError):
            return path
    backups = list_backups(folders.backups)
    if not backups:
        raise UnavailableError(
            f"{folders.backups} has no backup; name a folder that `insight backup` wrote, or move "
            f"{path} and {record_file(path).name} away and analyse the library again with "
            "`insight run`"
        )
    return backups[0]


def _unusable(path: Path, seconds: float) -> Exception | None:
    """Return why a database cannot be used.

    Raises:
        DatabaseBusyError: another process holds it.
        UncheckedDatabaseError: whether it is damaged could not be found out.
    """
    store = Database(path, seconds)
    try:
        store.check_file()
        store.has_rows(LAST_WRITE.name)
    except (DatabaseBusyError, UncheckedDatabaseError):
        raise
    except DatabaseError as problem:
        return problem
    return None


def _read(source: Path, seconds: float) -> tuple[int, dict[str, pa.Table]]:
    if source.is_dir():
        backup, rows = read_backup(source)
        return backup.schema_version, rows
    if not source.is_file():
        raise BackupError(f"{source} is neither a backup nor a database")
    return read_other_release(source, [table.name for table in IRREPLACEABLE], seconds=seconds)
