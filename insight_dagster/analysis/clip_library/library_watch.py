"""What changed in a library since it was last looked at, by names, sizes and times alone.

Fingerprints of classes and the memory between two looks belong here; what follows from a change
does not.
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

# Path, split, window, size, modification time, and why the file is missing.
_State = tuple[str, str, float, float | None, int, int, str]


@dataclass(frozen=True)
class LibraryWatch:
    """The memory between two looks.

    Attributes:
        seen: fingerprint of every class at the last look.
        done: fingerprint of every class that runs were last requested for.
        requests: looks that requested something so far.
    """

    seen: Mapping[str, str] = field(default_factory=dict)
    done: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0

    def to_cursor(self) -> str:
        """As text."""
        return json.dumps([FORMAT, self.requests, dict(self.seen), dict(self.done)])

    @classmethod
    def from_cursor(cls, text: str | None) -> LibraryWatch:
        """From text; nothing remembered where there is none.

        Raises:
            LibraryError: the text is not of this version; resetting the sensor's cursor helps.
        """
        if not text:
            return cls()
        try:
            version, requests, seen, done = json.loads(text)
            if version != FORMAT:
                raise ValueError(f"version {version}")
            return cls(dict(seen), dict(done), int(requests))
        except (ValueError, TypeError) as problem:
            raise LibraryError(
                f"the cursor of the library sensor cannot be read ({problem}); reset it in the UI"
            ) from problem


@dataclass(frozen=True)
class Changes:
    """One look.

    Attributes:
        state: to remember.
        settled: classes that are new or changed, and have not changed since the look before.
        unsettled: classes that are changing: a copy may be under way.
    """

    state: LibraryWatch
    settled: tuple[str, ...]
    unsettled: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there is something to do."""
        return bool(self.settled)


def watch(
    library: ScannedLibrary, before: LibraryWatch, *, stored: Callable[[list[str]], pa.Table]
) -> Changes:
    """Compare a library with what is remembered, and with what the tables hold.

    A class counts once it is alike at two looks, so that files still being copied are not read.
    A class that went away is forgotten: when it comes back it is new.

    Args:
        library: as it is now.
        before: what is remembered of the last look.
        stored: rows of `clip_manifest` of some classes: what is known already needs no request.
    """
    now = fingerprints(_states(library.sources))
    done = {name: mark for name, mark in before.done.items() if name in now}
    pending = [name for name in now if now[name] != done.get(name)]
    if pending:
        known = fingerprints(_stored_states(stored(pending)))
        done |= {name: now[name] for name in pending if known.get(name) == now[name]}
        pending = [name for name in pending if name not in done or done[name] != now[name]]
    settled = tuple(name for name in pending if now[name] == before.seen.get(name))
    done |= {name: now[name] for name in settled}
    state = LibraryWatch(now, done, before.requests + bool(settled))
    return Changes(state, settled, tuple(name for name in pending if name not in settled))


def fingerprints(states: Iterable[tuple[str, _State]]) -> dict[str, str]:
    """A hash for every class of what its clips are called, how large they are and how old."""
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
