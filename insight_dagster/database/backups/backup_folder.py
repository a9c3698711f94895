"""Backups: what cannot be computed again, as Parquet files with a manifest of checksums.

Writing, verifying, listing and pruning backups belong here; bringing a home back does not
(`restore`). Which tables are kept is declared in `insight_dagster.tables` (`irreplaceable`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from insight_dagster import __version__
from insight_dagster.database import Database
from insight_dagster.errors import BackupError
from insight_dagster.files.atomic import draft_folder, publish_folder
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import IRREPLACEABLE, SCHEMA_VERSION
from insight_dagster.tables.clock import utc_now

_Value = TypeVar("_Value", str, int)
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP}
"""Errors of file systems that cannot synchronise a folder."""
_MANIFEST = "manifest.json"
_NAME = re.compile(r"(\d{6,})-\d{8}T\d{6}Z")


@dataclass(frozen=True)
class BackedUpTable:
    """One table of a backup.

    Attributes:
        file: name of its Parquet file.
        rows: number of rows.
        sha256: of the file, in hexadecimal.
    """

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """A backup whose manifest was read.

    Attributes:
        folder: where it is.
        made_at: when (UTC), in ISO 8601.
        release: of this project that made it.
        schema_version: of the database that it was made of.
        tables: by name.
    """

    folder: Path
    made_at: str
    release: str
    schema_version: int
    tables: Mapping[str, BackedUpTable]

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def back_up(
    store: Database, folders: HomeFolders, *, keep: int, folder: Path | None = None
) -> Backup:
    """Write a backup, read it back, and delete old ones once it is verified.

    Args:
        store: the database.
        folders: of the home.
        keep: number of backups that stay in the home.
        folder: a new or empty folder instead of one in the home; nothing is then deleted.

    Raises:
        BackupError: it cannot be written, or what was read back differs.
        DatabaseError: the database cannot be read.
    """
    with store.snapshot() as seen:
        rows = {table.name: seen.rows(table) for table in IRREPLACEABLE}
    target = folder or folders.backups / _next_name(folders.backups)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} exists and is not an empty folder; choose another")
    try:
        with draft_folder(target) as draft:
            _write(draft, rows)
            found = read_backup(draft)[1]
            if not all(_same(rows[name], found[name]) for name in rows):
                raise BackupError(f"{target} was read back with other rows; check the disk")
            publish_folder(draft, target)
        _synchronise(target.parent)
    except OSError as problem:
        raise BackupError(f"{target} cannot be written ({problem.strerror})") from problem
    if folder is None:
        _prune(folders.backups, keep)
    return read_manifest(target)


def list_backups(folder: Path) -> list[Path]:
    """Return the folders of a home's backups, the newest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=_number, reverse=True)


def read_backup(folder: Path) -> tuple[Backup, dict[str, pa.Table]]:
    """Return a backup and the rows of its tables, by name.

    Raises:
        BackupError: it is not as its manifest says; the message names the file.
    """
    backup = read_manifest(folder)
    return backup, {name: _read(backup, name) for name in backup.tables}


def read_manifest(folder: Path) -> Backup:
    """Return a backup from its manifest; the files of its tables are not read.

    Raises:
        BackupError: there is no manifest, or it is damaged.
    """
    path = folder / _MANIFEST
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
    except OSError as problem:
        raise BackupError(f"{path} cannot be read ({problem.strerror})") from problem
    except UnicodeDecodeError as problem:
        raise _damaged(path) from problem
    if checksum != _sha256(text.encode()):
        raise _damaged(path)
    try:
        return _from_values(folder, json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise BackupError(
            f"{path} is no manifest that this release knows; restore it with the release that "
            "wrote it, or a later one"
        ) from problem


def _from_values(folder: Path, values: dict[str, Any]) -> Backup:
    """Return a backup; keys that a later release added are left out.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: values are missing or of another kind.
    """
    tables = {
        name: BackedUpTable(
            _of_type(str, each["file"]), _of_type(int, each["rows"]), _of_type(str, each["sha256"])
        )
        for name, each in values["tables"].items()
    }
    for each in tables.values():
        if Path(each.file).name != each.file:
            raise ValueError(each.file)
    return Backup(
        folder,
        _of_type(str, values["made_at"]),
        _of_type(str, values["release"]),
        _of_type(int, values["schema_version"]),
        tables,
    )


def _of_type(kind: type[_Value], value: object) -> _Value:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _read(backup: Backup, name: str) -> pa.Table:
    table = backup.tables[name]
    path = backup.folder / table.file
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise BackupError(f"{path} cannot be read ({problem.strerror})") from problem
    if _sha256(content) != table.sha256:
        raise _damaged(path)
    rows = pq.read_table(pa.BufferReader(content))
    if rows.num_rows != table.rows:
        raise _damaged(path)
    return rows


def _same(left: pa.Table, right: pa.Table) -> bool:
    """Return whether tables have the same rows, where NaN is the same as NaN."""
    return left.schema.equals(right.schema) and all(
        ours.equals(theirs)
        if not pa.types.is_floating(ours.type)
        else np.array_equal(ours.to_numpy(), theirs.to_numpy(), equal_nan=True)
        for ours, theirs in zip(left.columns, right.columns, strict=True)
    )


def _write(draft: Path, rows: Mapping[str, pa.Table]) -> None:
    tables = {}
    for name, table in rows.items():
        path = draft / f"{name}.parquet"
        pq.write_table(table, path, compression="zstd")
        tables[name] = BackedUpTable(path.name, table.num_rows, _sha256(path.read_bytes()))
    values: dict[str, Any] = {
        "made_at": utc_now().isoformat(timespec="seconds"),
        "release": __version__,
        "schema_version": SCHEMA_VERSION,
        "tables": {name: asdict(table) for name, table in tables.items()},
    }
    text = json.dumps(values, indent=2)
    (draft / _MANIFEST).write_text(f"{_sha256(text.encode())}\n{text}", encoding="utf-8")
    for path in (*draft.iterdir(), draft):
        _synchronise(path)


def _synchronise(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: old backups are then deleted.

    Raises:
        OSError: the disk failed.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def _next_name(folder: Path) -> str:
    """Return a name that sorts after those of earlier backups, whatever the clock says."""
    number = max(map(_number, list_backups(folder)), default=0) + 1
    return f"{number:06d}-{utc_now():%Y%m%dT%H%M%SZ}"


def _number(folder: Path) -> int:
    return int(folder.name.partition("-")[0])


def _prune(folder: Path, keep: int) -> None:
    for old in list_backups(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(path: Path) -> BackupError:
    return BackupError(
        f"{path} is damaged: its checksum does not match; choose another backup "
        "(`insight backup --list`)"
    )
