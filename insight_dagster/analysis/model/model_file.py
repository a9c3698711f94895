"""Files given as a model's weights: reading their bytes, and refusing what holds no weights.

Recognising files of other programs and damage that can be seen without loading belongs here;
reading tensors (`checkpoint`) does not. A flipped bit inside the numbers of a checkpoint loads
without an error; torch writes checksums of its parts, but does not look at them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from insight_dagster.errors import ModelError

_SAVE = "torch.save({'model_state': model.state_dict(), 'labels': [...]}, path)"
_KERAS = "a Keras or HDF5 file"
_Looks = Callable[[Path, bytes], bool]


def read_file(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        ModelError: it is missing, a folder, unreadable or empty.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as problem:
        raise ModelError(f"{path} does not exist; correct the path") from problem
    except IsADirectoryError as problem:
        raise ModelError(f"{path} is a folder; give the path of a file in it") from problem
    except OSError as problem:
        raise ModelError(
            f"{path} cannot be read ({problem.strerror}); choose another file"
        ) from problem
    if not content:
        raise ModelError(f"{path} is empty; copy or download it again")
    return content


def refuse_other_files(path: Path, content: bytes) -> None:
    """Make sure that a file is not one of another kind that people take for weights.

    Raises:
        ModelError: it is; the message says what it is and what to give instead.
    """
    for looks, what, instead in _OTHERS:
        if looks(path, content):
            raise ModelError(f"{path} is {what}, not a checkpoint; {instead}")


def check_archive(path: Path, content: bytes) -> bool:
    """Compare the parts of a torch file with the CRC-32 that are stored with them.

    Returns:
        Whether the file has such checksums; old torch files and safetensors have none.

    Raises:
        ModelError: one does not match.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    damage = "its checksum does not match; copy or download it again"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Torch can be told to leave them out, and then writes 0.
            if not any(part.CRC for part in archive.infolist() if part.file_size):
                return False
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as problem:
        raise ModelError(f"{path} is damaged ({problem}); copy or download it again") from problem
    except (NotImplementedError, RuntimeError):  # a compression or encryption that torch lacks too
        return False
    if broken is not None:
        raise ModelError(f"{path} is damaged in its part {broken}: {damage}")
    return True


def is_safetensors(content: bytes) -> bool:
    """Return whether the bytes begin as a safetensors file: a length, then JSON of that length."""
    length = int.from_bytes(content[:8], "little")
    return content[8:9] == b"{" and 2 <= length <= len(content) - 8


def _begins(*starts: bytes) -> _Looks:
    return lambda _, content: content[:64].lstrip(b" \r\n\t\xef\xbb\xbf").lower().startswith(starts)


def _named(*endings: str) -> _Looks:
    return lambda path, _: path.name.lower().endswith(endings)


def _has_part(*endings: str) -> _Looks:
    def looks(_: Path, content: bytes) -> bool:
        names = _part_names(content)
        return any(name.endswith(endings) for name in names)

    return looks


def _part_names(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def _is_other_zip(_: Path, content: bytes) -> bool:
    names = _part_names(content)
    return bool(names) and not any(name.endswith("data.pkl") for name in names)


_OTHERS: tuple[tuple[_Looks, str, str], ...] = (
    (
        _begins(b"version https://git-lfs"),
        "a git-lfs pointer",
        "run `git lfs pull` where the repository was cloned",
    ),
    (
        _begins(b"<!doctype html", b"<html", b"<head"),
        "a web page that was saved in its place",
        "download the file itself, which may need a log-in",
    ),
    (_begins(b"<?xml"), "an XML file", f"give the weights as {_SAVE}"),
    (
        _has_part("/constants.pkl"),
        "a TorchScript archive, which contains a program",
        "save its weights: torch.save({'model_state': torch.jit.load(path).state_dict()}, ...)",
    ),
    (
        _has_part("archive_format", "serialized_exported_program.json"),
        "a program of torch.export",
        f"save the weights of the model that it was made from, as {_SAVE}",
    ),
    (
        _named(".onnx"),
        "an ONNX model",
        f"save the weights of the model that it was made from, as {_SAVE}; ONNX files can be a "
        "`second_embedding`",
    ),
    (_begins(b"\x89hdf\r\n\x1a\n"), _KERAS, "give an X3D trained with torch"),
    (
        lambda path, content: content[4:8] == b"TFL3"
        or path.name.endswith((".pb", ".tflite", ".index"))
        or ".data-0000" in path.name,
        "a TensorFlow file",
        "give an X3D trained with torch",
    ),
    (_begins(b"\x93numpy"), "a NumPy array", f"give the weights as {_SAVE}"),
    (_begins(b"\x1f\x8b", b"7z\xbc\xaf", b"(\xb5/\xfd", b"rar!", b"bzh", b"\xfd7zxz"),
     "a compressed archive", "unpack it"),
    (lambda _, content: content[257:262] == b"ustar", "a tar archive", "unpack it"),
    (_is_other_zip, "a ZIP archive without tensors of torch", "unpack it"),
)  # fmt: skip
