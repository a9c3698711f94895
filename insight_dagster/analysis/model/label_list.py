"""Label lists: reading untrusted files of class names, and checking lists of names.

The forms that a list may have belong here; which list a model gets (`loading`) does not.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insight_dagster.analysis.model.model_file import read_file
from insight_dagster.errors import ModelError

_NUMBERED = re.compile(r"(\d+)(?:\s*:\s*|\s+)(\S.*)")
_INDEX_WORDS = {"", "id", "index", "idx", "class_id", "class_index", "label_id"}
_LABEL_WORDS = {"label", "labels", "name", "names", "class", "classes", "class_name", "classname"}
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
_LONGEST = 500
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class _Entry:
    """A label in a list: where it is, its index if it has one, and itself."""

    where: str
    index: int | None
    label: str


def read_labels(path: Path) -> tuple[str, ...]:
    """Read a label list, in the order of the model's outputs.

    Forms: one label a line; an index and a label a line, counted from 0 or 1, in any order,
    separated by a comma, semicolon, colon, tab or blanks; JSON, a list of labels or an object of
    labels and indices. A header, quotes around labels, and empty lines are left out.

    Raises:
        ModelError: the file is missing, empty or no text, or has none of these forms; the message
            names the line.
    """
    source = f"label list {path}"
    text = _text_of(path, read_file(path))
    read = _entries_of_json if text.lstrip().startswith(("{", "[")) else _entries_of_lines
    return checked_labels(_in_order(read(text, source), source), source=source)


def kinetics_labels() -> tuple[str, ...]:
    """Return the 400 labels of Kinetics-400, in the index order of PyTorchVideo's model zoo."""
    return read_labels(Path(__file__).with_name("kinetics400.txt"))


def checked_labels(labels: Any, *, source: str) -> tuple[str, ...]:
    """Return the labels as a tuple, after checking that they are distinct and not empty.

    Raises:
        ModelError: they are not; the message begins with `source`.
    """
    if not isinstance(labels, list | tuple) or not labels:
        found = "none" if isinstance(labels, list | tuple) else f"a {type(labels).__name__}"
        raise ModelError(f"{source}: the labels must be a list of strings, got {found}")
    bad = [label for label in labels if not isinstance(label, str) or not label.strip()]
    if bad:
        raise ModelError(f"{source}: {bad[0]!r} is not a label; each must be a non-empty string")
    seen: set[str] = set()
    for label in labels:
        # An accented letter has two spellings, which look the same.
        spelling = unicodedata.normalize("NFC", label)
        if spelling in seen:
            raise ModelError(f"{source}: label {label!r} occurs more than once; remove one")
        seen.add(spelling)
    return tuple(labels)


def _text_of(path: Path, content: bytes) -> str:
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise ModelError(
            f"label list {path} is not UTF-8 text ({problem}); convert it to UTF-8"
        ) from problem


def _entries_of_json(text: str, source: str) -> list[_Entry]:
    try:
        found = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as problem:
        raise ModelError(
            f"{source} begins like JSON but is not valid JSON ({problem}); fix it"
        ) from problem
    if not all(isinstance(each, str | tuple) for each in found):
        raise ModelError(f"{source} is JSON, but neither a list of labels nor labels and indices")
    pairs = [each if isinstance(each, tuple) else (each, None) for each in found]
    if pairs and all(str(name).isdecimal() for name, _ in pairs) and text.lstrip()[0] == "{":
        pairs = [(label, index) for index, label in pairs]
    return [_entry_of_json(label, index, source) for label, index in pairs]


def _entry_of_json(label: Any, index: Any, source: str) -> _Entry:
    where = f"{source}: {label!r}"
    if not isinstance(label, str) or not (index is None or str(index).isdecimal()):
        raise ModelError(f"{where} with {index!r} is not a label with its index")
    return _Entry(where, None if index is None else int(str(index)), _bare(label, where))


def _entries_of_lines(text: str, source: str) -> list[_Entry]:
    lines = [
        (f"{source}, line {number}", line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    if len(lines) > 1 and _is_header(lines[0][1]):
        lines = lines[1:]
    split = [_split(line, where) for where, line in lines]
    if None in split:
        _refuse_mixed(lines, [None if pair is None else pair[0] for pair in split])
        split = [None] * len(lines)
    return [
        _Entry(where, pair[0] if pair else None, _bare(pair[1] if pair else line, where))
        for (where, line), pair in zip(lines, split, strict=True)
    ]


def _is_header(line: str) -> bool:
    words = [_unquoted(word.strip()).lower() for word in re.split("[,;\t]", line)]
    labels = sum(word in _LABEL_WORDS for word in words)
    return labels == 1 and all(word in _LABEL_WORDS | _INDEX_WORDS for word in words)


def _split(line: str, where: str) -> tuple[int, str] | None:
    """Return index and label of a line; None if it has no index.

    Raises:
        ModelError: the line is too long for a label, or has an index and several more columns.
    """
    if len(line) > _LONGEST:
        raise ModelError(f"{where} has {len(line)} characters; a label has at most {_LONGEST}")
    columns = _columns(line)
    if len(columns) > 2 and columns[0].isdecimal():
        raise ModelError(
            f"{where}: {line!r} has {len(columns)} columns; write index and label, and put a label "
            "with a comma in quotes"
        )
    if len(columns) == 2 and any(each.isdecimal() for each in columns):
        first, second = columns
        return (int(first), second) if first.isdecimal() else (int(second), first)
    numbered = _NUMBERED.fullmatch(line)
    return (int(numbered[1]), numbered[2]) if numbered else None


def _columns(line: str) -> list[str]:
    """Return the columns of a line that has a comma, semicolon or tab outside quotes."""
    for delimiter in ",;\t":
        columns = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        if len(columns) > 1:
            return [column.strip() for column in columns]
    return [line]


def _refuse_mixed(lines: Sequence[tuple[str, str]], indices: Sequence[int | None]) -> None:
    """Refuse lines of which some have an index; `3 point shot` among names is a name.

    Raises:
        ModelError: most lines have an index and one has none, or the other way round.
    """
    known = [each for each in indices if each is not None]
    most = 2 * len(known) > len(indices) and max(known) <= len(indices)
    for (where, line), index in zip(lines, indices, strict=True):
        if most and index is None:
            raise ModelError(f"{where}: {line!r} has no index, but most lines have one; add it")
        if not most and index is not None and len(_columns(line)) > 1:
            raise ModelError(
                f"{where}: {line!r} has an index, but most lines have none; remove it, or put the "
                "label in quotes"
            )


def _bare(label: str, where: str) -> str:
    """Return a label without quotes around it.

    Raises:
        ModelError: what is left is not a name.
    """
    name = _unquoted(label.strip()).strip()
    odd = [char for char in name if unicodedata.category(char) in {"Cc", "Cs"}]
    if not any(char.isalnum() for char in name) or odd or name.count('"') % 2:
        raise ModelError(f"{where}: {label!r} is not a label; write the name alone")
    if name.endswith((",", ";")):
        raise ModelError(f"{where}: {label!r} ends like a list in code; write the name alone")
    return name


def _unquoted(text: str) -> str:
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1].replace(2 * text[0], text[0])
    return text


def _in_order(entries: Sequence[_Entry], source: str) -> list[str]:
    """Return the labels by index, or as they are where there are no indices.

    Raises:
        ModelError: an index is there twice, or one is missing.
    """
    by_index: dict[int, _Entry] = {}
    for entry in entries:
        if entry.index is None:
            return [each.label for each in entries]
        if entry.index in by_index:
            raise ModelError(f"{entry.where}: index {entry.index} occurs a second time")
        by_index[entry.index] = entry
    first = 1 if min(by_index, default=0) == 1 else 0
    missing = [each for each in range(first, first + len(by_index)) if each not in by_index]
    if missing:
        raise ModelError(
            f"{source}: index {missing[0]} is missing among {len(by_index)} labels up to index "
            f"{max(by_index)}; put labels that begin with a number in quotes"
        )
    return [by_index[index].label for index in sorted(by_index)]
