"""One video file of a library: its identity and its properties, of the same bytes.

Reading a file for the manifest belongs here; the rows of the manifest (`clip_manifest`) do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from insight_dagster.analysis.decoding import FileIdentity, Probe, VideoFacts, identify
from insight_dagster.errors import DecodeError, Fault, Unreadable

_ATTEMPTS = 3


@dataclass(frozen=True)
class DescribedFile:
    """A file that could be read.

    Attributes:
        identity: its bytes and its state.
        facts: properties of the video, or why there are none.
    """

    identity: FileIdentity
    facts: VideoFacts | Unreadable


def describe_file(path: Path, read_facts: Probe) -> DescribedFile | Unreadable:
    """Read a file's identity and properties, again if it changes meanwhile.

    Args:
        path: the file.
        read_facts: returns the properties of a video file whose bytes have a hash.
    """
    for _ in range(_ATTEMPTS):
        try:
            identity = identify(path)
        except OSError as problem:
            return Unreadable.from_error(problem)
        found = DescribedFile(identity, _facts(path, identity, read_facts))
        if not (isinstance(found.facts, Unreadable) and found.facts.fault is Fault.REPLACED):
            break
    return found


def _facts(path: Path, identity: FileIdentity, read_facts: Probe) -> VideoFacts | Unreadable:
    try:
        return read_facts(path, file_hash=identity.sha256)
    except (DecodeError, OSError) as problem:
        return Unreadable.from_error(problem)
