"""A video file held while it is decoded, so that what is decoded is what was hashed.

Hashing, holding and comparing the bytes of a file belongs here; decoding them (`window`) and what
a change of a file means for its clip (`clip_library`) do not.

A name is no identity: files trade names, links are switched and files are overwritten while a run
reads them. A file is therefore opened once. A small file is copied into memory, and the copy is
hashed and decoded. A larger one is hashed and decoded through the same descriptor, and hashed again
afterwards unless its times say that nobody has touched it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from insight_dagster.errors import DecodeError, Fault

LARGEST_COPY = 64 << 20
"""Largest file, in bytes, that is copied into memory."""

_CHUNK = 1 << 20
# Two changes within a tick of the file system's clock, at worst 2 s (FAT), leave the same times.
_TICK_NS = 2_000_000_000


@dataclass(frozen=True)
class FileIdentity:
    """A file's bytes and its state when they were read.

    Attributes:
        sha256: SHA-256 of the bytes in hex.
        size_bytes: size of the file.
        modified_ns: time of the last change of its contents, as files are restored with it.
        changed_ns: time of the last change of contents or attributes, which nobody can set.
    """

    sha256: str
    size_bytes: int
    modified_ns: int
    changed_ns: int


def content_key(file_hash: str, start: float, end: float | None) -> str:
    """Return the identity of a clip's content, its file's bytes and its window, as 32 hex digits.

    Args:
        file_hash: SHA-256 of the file's bytes in hex.
        start: start of the labelled segment in seconds.
        end: end of the segment in seconds; None for the end of the file.
    """
    text = f"{file_hash}|{start!r}|{end!r}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def has_key(key: str, start: float, end: float | None) -> Callable[[str], bool]:
    """Return a function that says whether a file of some SHA-256 has a content key."""
    return lambda file_hash: content_key(file_hash, start, end) == key


def has_hash(wanted: str) -> Callable[[str], bool]:
    """Return a function that says whether a SHA-256 in hex is the wanted one."""
    return lambda file_hash: file_hash == wanted


def identify(path: Path) -> FileIdentity:
    """Hash a file. Its state is taken first, so that a later change is a change of the state.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    descriptor = _open(path)
    try:
        state = os.fstat(descriptor)
        return FileIdentity(
            _digest(descriptor, state.st_size),
            state.st_size,
            state.st_mtime_ns,
            state.st_ctime_ns,
        )
    finally:
        os.close(descriptor)


class HeldFile:
    """A file whose bytes cannot change unnoticed until `close`.

    Attributes:
        path: name of the held bytes, valid in this process.
        sha256: SHA-256 of the held bytes in hex.
    """

    def __init__(self, path: Path) -> None:
        """Open and hash a file.

        Raises:
            OSError: the file cannot be read, is not a regular file, or there is no memory for it.
        """
        self._descriptor = _open(path)
        try:
            self._state = os.fstat(self._descriptor)
            self._copied = self._state.st_size <= LARGEST_COPY
            if self._copied:
                self.sha256 = self._copy()
            else:
                self.sha256 = _digest(self._descriptor, self._state.st_size)
            self._hashed_ns = time.time_ns()
        except BaseException:
            self.close()
            raise
        self.path = Path(f"/proc/self/fd/{self._descriptor}")

    def check_unchanged(self) -> None:
        """Make sure that the bytes are still those that were hashed.

        Raises:
            DecodeError: they have changed.
            OSError: the file cannot be read any more.
        """
        if self._copied:
            return
        before, now = self._state, os.fstat(self._descriptor)
        untouched = all(
            getattr(before, name) == getattr(now, name)
            for name in ("st_size", "st_mtime_ns", "st_ctime_ns")
        )
        if untouched and self._hashed_ns - now.st_ctime_ns > _TICK_NS:
            return
        # A new name or owner touches a file too.
        if before.st_size != now.st_size or _digest(self._descriptor, now.st_size) != self.sha256:
            raise changed()

    def close(self) -> None:
        """Release the file."""
        os.close(self._descriptor)

    def _copy(self) -> str:
        """Replace the file by a copy in memory, and return the hash of the copy."""
        source, digest = self._descriptor, hashlib.sha256()
        copy = os.memfd_create("video", os.MFD_CLOEXEC)
        try:
            while chunk := os.read(source, _CHUNK):
                digest.update(chunk)
                _write(copy, chunk)
                if os.fstat(copy).st_size > self._state.st_size:
                    raise changed()  # a file that grows has no end
        finally:
            os.dup2(copy, source, inheritable=False)
            os.close(copy)
        return digest.hexdigest()


class FileHolder:
    """Holds the file that was asked for last, for the case that it is asked for again.

    Several windows of one file are then read and hashed once.
    """

    def __init__(self) -> None:
        self._held: HeldFile | None = None

    @contextmanager
    def hold(self, path: Path, expected: Callable[[str], bool]) -> Iterator[Path]:
        """Yield a name for the file's bytes, which stay the same until the block ends.

        Args:
            path: the file.
            expected: returns whether a SHA-256 in hex is that of the bytes to hold.

        Raises:
            DecodeError: the file has other bytes, or they changed before the block ended.
            OSError: the file cannot be read, or is not a regular file.
        """
        held = self._held
        if held is None or not expected(held.sha256):
            self.close()
            held = self._held = HeldFile(path)
        if not expected(held.sha256):
            raise changed()
        try:
            yield held.path
        except DecodeError:
            self._check(held)  # damage may be the other half of a change
            raise
        self._check(held)

    def close(self) -> None:
        """Release the file."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _check(self, held: HeldFile) -> None:
        try:
            held.check_unchanged()
        except (DecodeError, OSError):
            self.close()
            raise


def changed() -> DecodeError:
    """Return the error for a file whose bytes are no longer those that were listed."""
    return DecodeError("its contents changed while it was being read", Fault.REPLACED)


def _open(path: Path) -> int:
    # Without O_NONBLOCK, opening a pipe that replaced the file would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def _digest(descriptor: int, size: int) -> str:
    """Hash the first `size` bytes: a file that grows has no end."""
    digest, position = hashlib.sha256(), 0
    while chunk := os.pread(descriptor, min(_CHUNK, size - position), position):
        digest.update(chunk)
        position += len(chunk)
    return digest.hexdigest()


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
