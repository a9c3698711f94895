"""Pretrained weight files: downloaded once, resumed after an interruption, verified at every load.

Downloading a file and verifying its bytes belong here; reading tensors from it (`checkpoint`) does
not. Own code rather than pooch, whose downloads cannot be resumed and start again from zero.

Files in the weights folder: `NAME` and `NAME.sha256` (the line that `sha256sum` writes), and during
a download `NAME.part` and `NAME.part.version` (the server's mark of the file's version).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock

from insight_dagster.errors import ModelError, WeightsUnavailableError
from insight_dagster.files.atomic import write_atomically

DownloadProgress = Callable[[int, int | None], None]
"""Called with the bytes downloaded and the bytes expected (None if the server does not say)."""

_CHUNK = 1 << 20
_CHECKPOINT_STARTS = (b"PK\x03\x04", b"\x80")


def fetch(
    address: str,
    folder: Path,
    *,
    progress: DownloadProgress | None = None,
    timeout_seconds: float = 30.0,
) -> Path:
    """Return the path of a cached file, after downloading it if it is missing.

    An interrupted download is resumed if the server still has the same version. Of several
    processes that need the file one downloads it and the others wait.

    Args:
        address: http(s) address whose last part is the file name.
        folder: cache; created when missing.
        progress: called after every chunk.
        timeout_seconds: longest wait for the server to send something.

    Raises:
        WeightsUnavailableError: the file is not cached, and the server or the folder fails.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError(f"the address of weights must be http(s), got {address!r}")
    target = folder / Path(urlsplit(address).path).name
    if target.is_file():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.is_file():
                _download(_Download(address, target, progress, timeout_seconds))
    except (OSError, HTTPException) as problem:
        raise WeightsUnavailableError(
            f"cannot download {address} ({_explain(problem)}); run again to resume, or download it "
            f"on another machine and copy it to {folder} as {target.name}"
        ) from problem
    return target


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 hash of a file's content, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def check_recorded(path: Path, sha256: str) -> None:
    """Compare a file's hash with the one recorded beside it; without a record do nothing.

    Raises:
        ModelError: they differ, or the record cannot be read.
    """
    record = _record_of(path)
    if not record.is_file():
        return
    words = record.read_text(encoding="utf-8", errors="replace").split()
    if not words or not re.fullmatch("[0-9a-f]{64}", words[0]):
        raise ModelError(f"{record} contains no SHA-256; restore or remove it")
    if words[0] != sha256:
        raise ModelError(
            f"{path} is damaged or was replaced: its SHA-256 is {sha256}, the recorded one "
            f"{words[0]}; restore the file, or remove both {path.name} and {record.name}"
        )


def has_record(path: Path) -> bool:
    """Return whether a file's hash is recorded beside it, so that every load checks it."""
    return _record_of(path).is_file()


def record(path: Path, sha256: str) -> None:
    """Write a file's hash beside it, in the format that `sha256sum --check` reads."""
    line = f"{sha256}  {path.name}\n"
    write_atomically(_record_of(path), lambda draft: draft.write_text(line, encoding="utf-8"))


def record_if_missing(path: Path) -> None:
    """Record the hash of a file that was copied by hand; skipped if the folder is read-only."""
    if not _record_of(path).is_file():
        with contextlib.suppress(OSError):
            record(path, sha256_of(path.read_bytes()))


def _record_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


@dataclass(frozen=True)
class _Download:
    """A download in progress."""

    address: str
    target: Path
    progress: DownloadProgress | None
    timeout_seconds: float

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def version_file(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.version")

    def resumable(self) -> tuple[int, str]:
        """Return the bytes to resume from and their version; (0, '') if there are none."""
        if self.part.is_file() and self.version_file.is_file():
            return self.part.stat().st_size, self.version_file.read_text(encoding="utf-8")
        return 0, ""

    def forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.version_file.unlink(missing_ok=True)


def _download(job: _Download) -> None:
    present, version = job.resumable()
    try:
        with _open(job, present, version) as response:
            _receive(job, response, present, version)
    except HTTPError as problem:
        # 416: the server's file ends before the offset, so the partial file belongs to another.
        if problem.code != 416 or not present:
            raise
        job.forget()
        with _open(job, 0, "") as response:
            _receive(job, response, 0, "")
    _publish(job)


def _open(job: _Download, present: int, version: str) -> HTTPResponse:
    headers = {"Accept-Encoding": "identity"}
    if present:
        headers |= {"Range": f"bytes={present}-", "If-Range": version}
    request = Request(job.address, headers=headers)  # noqa: S310 - `fetch` lets only http(s) in
    return urlopen(request, timeout=job.timeout_seconds)  # noqa: S310


def _receive(job: _Download, response: HTTPResponse, present: int, version: str) -> None:
    served = _version(response)
    span = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if response.status == 206 and (not span or int(span[1]) != present or served != version):
        job.forget()
        raise OSError("the server resumed with another version of the file")
    done = present if response.status == 206 else 0
    if not done:
        job.forget()
        if served:
            job.version_file.write_text(served, encoding="utf-8")
    length = response.headers.get("Content-Length")
    total = done + int(length) if length else None
    with job.part.open("ab") as out:
        while chunk := response.read(_CHUNK):
            out.write(chunk)
            done += len(chunk)
            if job.progress:
                job.progress(done, total)
        out.flush()
        os.fsync(out.fileno())
    if total is not None and done != total:
        raise OSError(f"the connection ended after {done} of {total} bytes")


def _version(response: HTTPResponse) -> str:
    # A weak tag promises the same meaning, not the same bytes, so it does not allow resuming.
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _publish(job: _Download) -> None:
    content = job.part.read_bytes()
    if not content.startswith(_CHECKPOINT_STARTS):
        job.forget()
        raise OSError(f"the server did not send a checkpoint but {content[:16]!r}...")
    # Record first: a process killed in between must not leave a file without its hash.
    record(job.target, sha256_of(content))
    # Not `write_atomically`: the part outlives a killed process, for the next one to go on with.
    os.replace(job.part, job.target)
    job.forget()


def _explain(problem: Exception) -> str:
    if isinstance(problem, HTTPError):
        return f"HTTP {problem.code} {problem.reason}"
    return str(getattr(problem, "reason", None) or problem) or type(problem).__name__
