"""The clip manifest: identity, video properties and quarantine of each clip of a class.

Everything known about a clip before its frames are decoded belongs here. Finding clips
(`library_scan`) and storing rows (`database`) do not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip_source import ClipSource
from insight_dagster.analysis.decoding import Probe, probe
from insight_dagster.errors import DecodeError, Unreadable
from insight_dagster.tables import CLIP_MANIFEST
from insight_dagster.tables.status import ClipStatus

_FACTS = (
    "container",
    "codec",
    "width",
    "height",
    "rotation",
    "fps",
    "frames",
    "duration_seconds",
    "has_audio",
    "decoder",
    "decoder_reason",
)
_MEASURED = ("content_key", "size_bytes", "modified_ns", *_FACTS, "status", "problem")

_Row = dict[str, Any]
_FileState = tuple[str, float, float | None, int | None, int | None]


@dataclass(frozen=True)
class ManifestRows:
    """The manifest of a class.

    Attributes:
        table: rows of `tables.CLIP_MANIFEST`, sorted by path and window.
        computed: number of clips whose file was read and probed.
        reused: number of clips whose row was copied from the previous manifest.
        removed: number of clips of the previous manifest that are gone or have other contents.
    """

    table: pa.Table
    computed: int
    reused: int
    removed: int

    def __post_init__(self) -> None:
        """Check the columns of the table."""
        if tuple(self.table.column_names) != CLIP_MANIFEST.column_names:
            raise ValueError(
                f"table must have the columns of clip_manifest, got {self.table.column_names}"
            )

    @property
    def quarantined(self) -> int:
        """The number of clips that cannot be used."""
        return self.table["status"].to_pylist().count(ClipStatus.QUARANTINED)


def manifest_rows(
    sources: Sequence[ClipSource],
    *,
    previous: pa.Table | None,
    read_facts: Probe = probe,
    progress: Callable[[int], None] | None = None,
) -> ManifestRows:
    """Return the manifest of a class without opening files that are unchanged.

    A file is unchanged if its path, window, size and modification time are the same. Its previous
    row is then copied, including a quarantine by a later step, unless the reason is temporary.

    Args:
        sources: all clips of the class.
        previous: the stored manifest of the class; None or empty if there is none.
        read_facts: returns the properties of a video file.
        progress: called with 1 after each clip.
    """
    known = _by_file_state(previous)
    rows: list[_Row] = []
    computed = 0
    for source in sorted(sources, key=lambda s: (s.relative_path, s.start, s.split)):
        size, modified = _stat(source)
        reusable = known.get(_file_state(source, size, modified)) if size is not None else None
        if reusable is None:
            computed += size is not None
            reusable = _measure(source, size, modified, read_facts)
        rows.append({**_location(source), **reusable})
        if progress is not None:
            progress(1)
    _number_copies(rows)
    table = CLIP_MANIFEST.from_rows(rows)
    return ManifestRows(
        table=table,
        computed=computed,
        reused=sum(row["size_bytes"] is not None for row in rows) - computed,
        removed=_count_gone(previous, table),
    )


def content_key(source: ClipSource, file_hash: str) -> str:
    """Return the identity of a clip's content, its file's bytes and its window, as 32 hex digits.

    Args:
        source: the clip; only its window counts.
        file_hash: SHA-256 of the file's bytes in hex.
    """
    return _digest(f"{file_hash}|{source.start!r}|{source.end!r}", size=16)


def clip_id(key: str, class_name: str, split: str, copy_number: int) -> str:
    """Return the identity of a labelled clip as 16 hex digits.

    Args:
        key: content key of the clip.
        class_name: class of the clip.
        split: split of the clip.
        copy_number: 0, 1, ... for the clips of the same content, class and split, by path.
    """
    return _digest(f"{key}|{class_name}|{split}|{copy_number}", size=8)


def _by_file_state(previous: pa.Table | None) -> Mapping[_FileState, _Row]:
    if previous is None:
        return {}
    return {
        (
            row["path"],
            row["window_start"],
            row["window_end"],
            row["size_bytes"],
            row["modified_ns"],
        ): {name: row[name] for name in _MEASURED}
        for row in previous.to_pylist()
        if row["size_bytes"] is not None and not Unreadable(row["problem"] or "").is_temporary
    }


def _file_state(source: ClipSource, size: int | None, modified: int | None) -> _FileState:
    return (source.relative_path, source.start, source.end, size, modified)


def _stat(source: ClipSource) -> tuple[int | None, int | None]:
    if source.problem:
        return None, None
    try:
        found = source.path.stat()
    except OSError:
        return None, None
    return found.st_size, found.st_mtime_ns


def _location(source: ClipSource) -> _Row:
    return {
        "class_name": source.class_name,
        "path": source.relative_path,
        "split": source.split,
        "window_start": source.start,
        "window_end": source.end,
    }


def _measure(source: ClipSource, size: int | None, modified: int | None, read_facts: Probe) -> _Row:
    if size is None:
        return _unusable(source, source.problem or Unreadable("the file is missing"))
    try:
        key = content_key(source, _file_hash(source))
    except OSError as problem:
        return _unusable(source, Unreadable.from_os_error(problem))
    row = {"content_key": key, "size_bytes": size, "modified_ns": modified}
    try:
        return {**row, **asdict(read_facts(source.path)), "status": ClipStatus.OK, "problem": None}
    except DecodeError as problem:
        return {
            **row,
            **dict.fromkeys(_FACTS),
            "status": ClipStatus.QUARANTINED,
            "problem": str(problem),
        }


def _unusable(source: ClipSource, problem: Unreadable) -> _Row:
    # The file was not read, so its path replaces its content; a file that appears there later gets
    # a key of its own.
    key = content_key(source, f"unread:{source.relative_path}")
    row: _Row = dict.fromkeys(_MEASURED)
    return {**row, "content_key": key, "status": ClipStatus.QUARANTINED, "problem": problem.reason}


def _file_hash(source: ClipSource) -> str:
    with source.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _number_copies(rows: list[_Row]) -> None:
    copies: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        identity = (row["content_key"], row["class_name"], row["split"])
        row["clip_id"] = clip_id(*identity, copies[identity])
        copies[identity] += 1


def _count_gone(previous: pa.Table | None, table: pa.Table) -> int:
    before = set() if previous is None else set(previous["clip_id"].to_pylist())
    return len(before - set(table["clip_id"].to_pylist()))


def _digest(text: str, *, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
