"""What the bytes of a file say when libav cannot: whether it is cut short, empty, or mere text.

Reading a few headers belongs here; opening and decoding videos does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from insight_dagster.failures import Unreadable

_HEADER_BYTES = 512
_MOST_BOXES = 100_000  # a fragmented file of a day has fewer


@dataclass(frozen=True)
class Boxes:
    """Top-level boxes of an MP4 or QuickTime file.

    Attributes:
        names: four-letter types, in file order.
        end: byte at which the last one says that it ends.
        length: bytes that the file has.
    """

    names: tuple[str, ...]
    end: int
    length: int

    @property
    def overrun(self) -> bool:
        """Whether the last box should be longer than the file."""
        return self.end > self.length


def read_boxes(path: Path) -> Boxes:
    """The top-level boxes; none when the file is not built of boxes.

    Source: ISO/IEC 14496-12, 4.2: 32-bit size and type; size 1 = a 64-bit size follows,
    size 0 = up to the end of the file.
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


def describe(path: Path) -> str:
    """Why a file that libav does not recognise is no usable video, in plain words."""
    boxes = read_boxes(path)
    if {"ftyp", "moov", "mdat"} & set(boxes.names):
        missing = describe_boxes(boxes)
        if missing:
            return missing.reason
        return "the MP4 index (moov) or its first pictures are damaged"
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if _looks_like_text(head):
        return "not a video: the file is text"
    if head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > boxes.length:
        promised = int.from_bytes(head[4:8], "little") + 8
        return f"cut short: {boxes.length} bytes of {promised} are there"
    return "not a video, or its header is damaged or cut short"


def describe_boxes(boxes: Boxes) -> Unreadable | None:
    """Return what is missing from an MP4 file; None where all boxes are there."""
    if boxes.overrun and boxes.names[-1] in {"moov", "mdat", "moof"}:
        return Unreadable(f"cut short: {boxes.length} bytes of at least {boxes.end} are there")
    if "moov" not in boxes.names:
        return Unreadable("cut short: the MP4 index (moov) is missing")
    return None


def _looks_like_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as problem:
        # The last character of the sample may be cut.
        if problem.start < len(head) - 3:
            return False
        text = head[: problem.start].decode("utf-8")
    return all(char.isprintable() or char in "\r\n\t\f" for char in text)
