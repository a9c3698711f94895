"""Reasons why libav does not recognise a file, found in its first bytes and its MP4 boxes.

Reading a few headers belongs here; opening (`containers`) and decoding videos does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from insight_dagster.errors import Unreadable

_HEADER_BYTES = 512
_MOST_BOXES = 100_000  # a fragmented file of a day has fewer


@dataclass(frozen=True)
class Boxes:
    """Top-level boxes of an MP4 or QuickTime file.

    Attributes:
        names: four-letter types, in file order.
        end: offset in bytes at which the last box ends by its own size field.
        length: size of the file in bytes.
    """

    names: tuple[str, ...]
    end: int
    length: int

    @property
    def overrun(self) -> bool:
        """Whether the last box ends behind the end of the file."""
        return self.end > self.length


def read_boxes(path: Path) -> Boxes:
    """Read the top-level boxes of a file; there are none if the file is not built of boxes.

    Source: ISO/IEC 14496-12, 4.2: a 32-bit size and a type; size 1 means that a 64-bit size
    follows, size 0 that the box extends to the end of the file.
    """
    names: list[str] = []
    length = path.stat().st_size
    position = 0
    with path.open("rb") as file:
        while position + 8 <= length and len(names) < _MOST_BOXES:
            file.seek(position)
            head = file.read(16)
            size, name = int.from_bytes(head[:4]), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:16])
            elif size == 0:
                size = length - position
            if size < 8 or not name.isascii() or not name.isalnum():
                break
            names.append(name.decode("ascii"))
            position += size
    return Boxes(tuple(names), position, length)


def explain_unrecognised(path: Path) -> str:
    """Return the reason why libav does not recognise a file, in plain words."""
    boxes = read_boxes(path)
    if {"ftyp", "moov", "mdat"} & set(boxes.names):
        missing = find_missing_boxes(boxes)
        if missing:
            return missing.reason
        return "the MP4 index (moov) or its first frames are damaged"
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if _looks_like_text(head):
        return "not a video: the file is text"
    if head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > boxes.length:
        declared = int.from_bytes(head[4:8], "little") + 8
        return f"cut short: {boxes.length} of {declared} bytes are present"
    return "not a video, or its header is damaged or cut short"


def find_missing_boxes(boxes: Boxes) -> Unreadable | None:
    """Return what is missing from an MP4 file; None if all of its boxes are complete."""
    if boxes.overrun and boxes.names[-1] in {"moov", "mdat", "moof"}:
        return Unreadable(f"cut short: {boxes.length} of at least {boxes.end} bytes are present")
    if "moov" not in boxes.names:
        return Unreadable("cut short: the MP4 index (moov) is missing")
    return None


def _looks_like_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as problem:
        # The last character of the sample may be incomplete.
        if problem.start < len(head) - 3:
            return False
        text = head[: problem.start].decode("utf-8")
    return all(char.isprintable() or char in "\r\n\t\f" for char in text)
