"""The clip manifest: identity, video properties and quarantine of each clip of a class.

Everything known about a clip before its frames are decoded belongs here. Finding clips
(`library_scan`) and storing rows (`database`) do not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip_source import MISSING, ClipSource
from insight_dagster.analysis.clip_library.described_file import DescribedFile, describe_file
from insight_dagster.analysis.decoding import Probe, VideoFacts, content_key, probe
from insight_dagster.errors import Fault, Unreadable
from insight_dagster.tables import CLIP_MANIFEST
from insight_dagster.tables.clips import TRIED_AGAIN
from insight_dagster.tables.status import ClipStatus

_FACTS = (
    "container",
    "codec",
    "width",
    "height",
    "rotation",
    "mirrored",
    "fps",
    "frames",
    "duration_seconds",
    "has_audio",
    "undetectable_damage",
    "decoder",
    "decoder_reason",
)
_STATE = ("size_bytes", "modified_ns", "changed_ns")
_MEASURED = ("content_key", *_STATE, *_FACTS, "status", "problem", "fault")

_Row = dict[str, Any]
_State = tuple[int, int, int]


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
    try_again: Collection[Fault] = TRIED_AGAIN,
    progress: Callable[[int], None] | None = None,
) -> ManifestRows:
    """Return the manifest of a class without opening files that are unchanged.

    A file is unchanged if its path, window, size and times are the same. Its previous row is then
    copied, including a quarantine by a later step, unless the reason belonged to the moment. A
    file with the contents of a usable clip, such as a renamed one, is read and not probed again.

    Args:
        sources: all clips of the class.
        previous: the stored manifest of the class; None or empty if there is none.
        read_facts: returns the properties of a video file.
        try_again: faults of quarantined clips to look at again, though their files are unchanged.
        progress: called with 1 after each clip.
    """
    known = _Known(previous, try_again)
    files = _Files(known, read_facts)
    rows: list[_Row] = []
    computed = reused = 0
    for source in sorted(sources, key=lambda s: (s.relative_path, s.start, s.split)):
        state = _stat(source)
        row = known.unchanged(source, state)
        if row is None:
            computed += state is not None
            row = files.measure(source, state)
        else:
            reused += 1
        rows.append({**_location(source), **row})
        if progress is not None:
            progress(1)
    _number_copies(rows)
    table = CLIP_MANIFEST.from_rows(rows)
    return ManifestRows(
        table=table,
        computed=computed,
        reused=reused,
        removed=_count_gone(previous, table),
    )


def clip_id(key: str, class_name: str, split: str, copy_number: int) -> str:
    """Return the identity of a labelled clip as 16 hex digits.

    Args:
        key: content key of the clip.
        class_name: class of the clip.
        split: split of the clip.
        copy_number: 0, 1, ... for the clips of the same content, class and split, by path.
    """
    return _digest(f"{key}|{class_name}|{split}|{copy_number}", size=8)


class _Known:
    """The rows of the previous manifest that need not be measured again."""

    def __init__(self, previous: pa.Table | None, try_again: Collection[Fault]) -> None:
        rows = [] if previous is None else previous.to_pylist()
        self._by_place = {
            (row["path"], row["window_start"], row["window_end"]): row
            for row in rows
            if row["size_bytes"] is not None and row["fault"] not in try_again
        }
        self._by_content = {
            row["content_key"]: row for row in rows if row["status"] == ClipStatus.OK
        }

    def unchanged(self, source: ClipSource, state: _State | None) -> _Row | None:
        """Return what was measured of a clip whose file has not changed since."""
        row = self._by_place.get((source.relative_path, source.start, source.end))
        if row is None or tuple(row[name] for name in _STATE) != state:
            return None
        return {name: row[name] for name in _MEASURED}

    def facts(self, source: ClipSource, file_hash: str) -> VideoFacts | None:
        """Return the properties of a clip whose file has these bytes, under whatever name."""
        row = self._by_content.get(content_key(file_hash, source.start, source.end))
        return None if row is None else VideoFacts(**{name: row[name] for name in _FACTS})


class _Files:
    """The files of one listing, each of them read once for all of its windows."""

    def __init__(self, known: _Known, read_facts: Probe) -> None:
        self._known, self._read_facts = known, read_facts
        self._last: tuple[Path, _State, DescribedFile | Unreadable] | None = None

    def measure(self, source: ClipSource, state: _State | None) -> _Row:
        """Return everything about a clip that does not depend on its name."""
        if state is None:
            return _unusable(source, source.problem or MISSING)
        if self._last is None or self._last[:2] != (source.path, state):
            file = describe_file(source.path, partial(self._facts, source))
            self._last = (source.path, state, file)
        found = self._last[2]
        if isinstance(found, Unreadable):
            return _unusable(source, found)
        return _described(source, found)

    def _facts(self, source: ClipSource, path: Path, *, file_hash: str) -> VideoFacts:
        return self._known.facts(source, file_hash) or self._read_facts(path, file_hash=file_hash)


def _stat(source: ClipSource) -> _State | None:
    if source.problem:
        return None
    try:
        found = source.path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _location(source: ClipSource) -> _Row:
    return {
        "class_name": source.class_name,
        "path": source.relative_path,
        "split": source.split,
        "window_start": source.start,
        "window_end": source.end,
    }


def _described(source: ClipSource, file: DescribedFile) -> _Row:
    identity, facts = file.identity, file.facts
    row: _Row = {
        "content_key": content_key(identity.sha256, source.start, source.end),
        **{name: getattr(identity, name) for name in _STATE},
    }
    if isinstance(facts, Unreadable):
        return {**row, **dict.fromkeys(_FACTS), **_quarantine(facts)}
    return {**row, **asdict(facts), "status": ClipStatus.OK, "problem": None, "fault": None}


def _quarantine(problem: Unreadable) -> _Row:
    return {
        "status": ClipStatus.QUARANTINED,
        "problem": problem.reason,
        "fault": problem.fault,
    }


def _unusable(source: ClipSource, problem: Unreadable) -> _Row:
    # The file was not read, so its path replaces its content; a file that appears there later gets
    # a key of its own.
    key = content_key(f"unread:{source.relative_path}", source.start, source.end)
    return {**dict.fromkeys(_MEASURED), "content_key": key, **_quarantine(problem)}


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
