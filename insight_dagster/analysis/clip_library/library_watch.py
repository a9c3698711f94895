"""Changes of a library since an earlier look, found by the names, sizes and times of its files.

Fingerprints of classes and what is remembered between two looks belong here; requesting runs for a
change (`orchestration.sensors`) does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip_source import ClipSource
from insight_dagster.analysis.clip_library.library_scan import ScannedLibrary
from insight_dagster.errors import LibraryError

FORMAT = 1

# Path, split, start, end, size, modification time, and why the file cannot be used.
_State = tuple[str, str, float, float | None, int, int, str]


@dataclass(frozen=True)
class LibraryWatch:
    """What is remembered between two looks.

    Attributes:
        seen: fingerprint of each class at the last look.
        requested: fingerprint of each class when runs were last requested for it.
        requests: number of looks so far that requested runs.
    """

    seen: Mapping[str, str] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0

    def to_cursor(self) -> str:
        """Return what is remembered as a sensor cursor."""
        return json.dumps([FORMAT, self.requests, dict(self.seen), dict(self.requested)])

    @classmethod
    def from_cursor(cls, text: str | None) -> LibraryWatch:
        """Read a sensor cursor; without one, nothing is remembered.

        Raises:
            LibraryError: the cursor is damaged or of another version; reset it.
        """
        if not text:
            return cls()
        try:
            version, requests, seen, requested = json.loads(text)
            if version != FORMAT:
                raise ValueError(f"version {version}")
            return cls(dict(seen), dict(requested), int(requests))
        except (ValueError, TypeError) as problem:
            raise LibraryError(
                f"the cursor of the library sensor cannot be read ({problem}); reset it in the UI"
            ) from problem


@dataclass(frozen=True)
class Changes:
    """The changes found by one look.

    Attributes:
        watch: what to remember for the next look.
        settled: new or changed classes that have not changed since the last look.
        unsettled: new or changed classes that may still be changing, such as during a copy.
    """

    watch: LibraryWatch
    settled: tuple[str, ...]
    unsettled: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether runs have to be requested."""
        return bool(self.settled)


def find_changes(
    library: ScannedLibrary, before: LibraryWatch, *, stored: Callable[[list[str]], pa.Table]
) -> Changes:
    """Compare a library with what is remembered and with the stored manifest.

    A class is settled when it is the same at two looks, so that files are not read while they are
    being copied. A removed class is forgotten, and is new if it comes back.

    Args:
        library: the library as it is now.
        before: what is remembered of the last look.
        stored: returns the rows of `clip_manifest` of some classes; a class that equals its rows
            needs no runs.
    """
    seen = fingerprints(_states(library.sources))
    requested = {name: mark for name, mark in before.requested.items() if name in seen}
    pending = [name for name in seen if seen[name] != requested.get(name)]
    if pending:
        known = fingerprints(_stored_states(stored(pending)))
        requested |= {name: seen[name] for name in pending if known.get(name) == seen[name]}
        pending = [name for name in pending if requested.get(name) != seen[name]]
    settled = tuple(name for name in pending if seen[name] == before.seen.get(name))
    requested |= {name: seen[name] for name in settled}
    watch = LibraryWatch(seen, requested, before.requests + bool(settled))
    return Changes(watch, settled, tuple(name for name in pending if name not in settled))


def fingerprints(states: Iterable[tuple[str, _State]]) -> dict[str, str]:
    """Return a hash per class of the names, sizes and modification times of its clips."""
    digests: dict[str, hashlib.blake2b] = {}
    for class_name, state in sorted(states, key=repr):
        digest = digests.setdefault(class_name, hashlib.blake2b(digest_size=12))
        digest.update(repr(state).encode())
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _states(sources: Iterable[ClipSource]) -> Iterator[tuple[str, _State]]:
    for source in sources:
        size, modified = _stat(source)
        window = (source.start, source.end)
        place = (source.relative_path, source.split, *window)
        missing = source.problem.reason if source.problem else ""
        yield source.class_name, (*place, size, modified, missing)


def _stored_states(manifest: pa.Table) -> Iterator[tuple[str, _State]]:
    for row in manifest.to_pylist():
        size, modified = row["size_bytes"], row["modified_ns"]
        missing = row["problem"] or "" if size is None else ""
        place = (row["path"], row["split"], row["window_start"], row["window_end"])
        yield row["class_name"], (*place, size or 0, modified or 0, missing)


def _stat(source: ClipSource) -> tuple[int, int]:
    if source.problem:
        return 0, 0
    try:
        found = source.path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
