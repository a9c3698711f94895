from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from insight_dagster.analysis.clip_library import clip_manifest, described_file, scan
from insight_dagster.analysis.clip_library.clip_manifest import ManifestRows, manifest_rows
from insight_dagster.analysis.clip_library.clip_source import ClipSource
from insight_dagster.analysis.decoding import VideoFacts, content_key, identify, probe
from insight_dagster.errors import DecodeError, Fault
from insight_dagster.tables import CLIP_MANIFEST
from tests.support import video_corpus
from tests.support.video_corpus import H264, Recipe, write_video


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "yoga"
    folder.mkdir()
    for number in range(3):
        write_video(folder, Recipe(f"{number}.mp4", options=H264, frames=6 + number))
    return tmp_path


def rows_of(library: Path, previous: pa.Table | None = None) -> ManifestRows:
    return manifest_rows(scan(library).of_class("yoga"), previous=previous)


def by_path(made: ManifestRows) -> dict[str, dict]:
    return {row["path"]: row for row in made.table.to_pylist()}


def test_rows_hold_the_properties_of_the_container(library: Path) -> None:
    made = rows_of(library)
    assert tuple(made.table.column_names) == CLIP_MANIFEST.column_names
    assert (made.computed, made.reused, made.removed, made.quarantined) == (3, 0, 0, 0)
    row = by_path(made)["yoga/2.mp4"]
    file = (library / "yoga/2.mp4").stat()
    assert (row["class_name"], row["split"], row["status"]) == ("yoga", "", "ok")
    assert (row["width"], row["height"], row["frames"], row["fps"]) == (192, 128, 8, 30.0)
    assert (row["container"], row["codec"], row["rotation"]) == ("mov", "h264", 0)
    assert (row["size_bytes"], row["modified_ns"]) == (file.st_size, file.st_mtime_ns)
    assert (row["window_start"], row["window_end"], row["problem"]) == (0.0, None, None)
    for column in CLIP_MANIFEST.columns:
        if not column.nullable:
            assert made.table[column.name].null_count == 0


def test_the_content_key_is_the_hash_of_bytes_and_window(library: Path) -> None:
    row = by_path(rows_of(library))["yoga/0.mp4"]
    sha256 = hashlib.sha256((library / "yoga/0.mp4").read_bytes()).hexdigest()
    wanted = hashlib.blake2b(f"{sha256}|0.0|None".encode(), digest_size=16).hexdigest()
    assert row["content_key"] == wanted
    named = hashlib.blake2b(f"{wanted}|yoga||0".encode(), digest_size=8).hexdigest()
    assert row["clip_id"] == named


def test_unchanged_files_are_not_opened(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rows_of(library)

    def opened(*_: object) -> None:
        raise AssertionError("an unchanged file was opened")

    monkeypatch.setattr(clip_manifest, "describe_file", opened)
    again = rows_of(library, first.table)
    assert again.table.equals(first.table)
    assert (again.computed, again.reused, again.removed) == (0, 3, 0)


def test_files_that_cannot_be_read_are_not_reused(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(described_file, "identify", refused)
    made = rows_of(library)
    assert (made.computed, made.reused, made.quarantined) == (3, 0, 3)


def test_only_what_changed_is_read_and_equals_a_full_run(library: Path) -> None:
    first = rows_of(library)
    write_video(library / "yoga", Recipe("1.mp4", options=H264, frames=11))
    (library / "yoga/0.mp4").unlink()
    write_video(library / "yoga", Recipe("new.mp4", options=H264, frames=5))
    again = rows_of(library, first.table)
    assert (again.computed, again.reused, again.removed) == (2, 1, 2)
    assert again.table.equals(rows_of(library).table)
    assert by_path(again)["yoga/1.mp4"]["frames"] == 11


def test_a_touched_file_keeps_its_identity(library: Path) -> None:
    first = rows_of(library)
    os.utime(library / "yoga/0.mp4", ns=(1, 1))
    again = rows_of(library, first.table)
    assert (again.computed, again.removed) == (1, 0)
    assert again.table["clip_id"].equals(first.table["clip_id"])


def test_a_renamed_file_keeps_its_identity(library: Path) -> None:
    first = rows_of(library)
    (library / "yoga/0.mp4").rename(library / "yoga/zero.mp4")
    again = rows_of(library, first.table)
    assert set(again.table["clip_id"].to_pylist()) == set(first.table["clip_id"].to_pylist())
    assert again.removed == 0


def test_identical_files_are_clips_of_their_own(library: Path) -> None:
    shutil.copy(library / "yoga/0.mp4", library / "yoga/copy.mp4")
    rows = by_path(rows_of(library))
    assert rows["yoga/0.mp4"]["content_key"] == rows["yoga/copy.mp4"]["content_key"]
    assert len({row["clip_id"] for row in rows.values()}) == 4


def test_the_window_and_the_label_are_part_of_the_identity(library: Path) -> None:
    path = library / "yoga/0.mp4"

    def identity(**changes: object) -> tuple[str, str]:
        values = {"class_name": "yoga", "split": "train", "start": 0.0, "end": None} | changes
        source = ClipSource(path, "yoga/0.mp4", **values)
        row = manifest_rows([source], previous=None).table.to_pylist()[0]
        return row["content_key"], row["clip_id"]

    plain = identity()
    assert identity(start=1.0)[0] != plain[0]
    assert identity(end=1.0)[0] != plain[0]
    assert identity(split="val")[0] == plain[0]
    assert len({identity(split="val")[1], identity(class_name="golf")[1], plain[1]}) == 3


def test_a_later_quarantine_survives_until_the_file_changes(library: Path) -> None:
    stored = rows_of(library).table.to_pylist()
    stored[1] |= {"status": "quarantined", "problem": "a picture is damaged at 0.10 s"}
    previous = pa.Table.from_pylist(stored, schema=rows_of(library).table.schema)
    again = rows_of(library, previous)
    assert again.quarantined == 1
    assert by_path(again)["yoga/1.mp4"]["problem"] == "a picture is damaged at 0.10 s"
    write_video(library / "yoga", Recipe("1.mp4", options=H264, frames=12))
    assert rows_of(library, previous).quarantined == 0


def make_corrupt(folder: Path) -> None:
    whole = write_video(folder, Recipe("whole.mp4", options=H264))
    video_corpus.truncate(whole, folder / "truncated.mp4", 0.5)
    whole.unlink()
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "words.mp4").write_text("no video\n" * 99)
    video_corpus.write_audio(folder / "sound.mp4")


def test_a_library_of_corrupt_files_still_has_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "yoga").mkdir()
    make_corrupt(tmp_path / "yoga")
    made = rows_of(tmp_path)
    assert made.quarantined == len(made.table) == 4
    problems = {path: row["problem"] for path, row in by_path(made).items()}
    assert problems["yoga/empty.mp4"] == "the file is empty (0 bytes)"
    assert problems["yoga/sound.mp4"] == "no video stream, only audio"
    assert problems["yoga/words.mp4"] == "not a video: the file is text"
    assert problems["yoga/truncated.mp4"].startswith("cut short: ")
    assert all(row["content_key"] and row["frames"] is None for row in made.table.to_pylist())
    assert rows_of(tmp_path, made.table).reused == 4


def test_a_missing_file_is_looked_for_again(library: Path) -> None:
    (library / "annotations.csv").write_text("label,path\nyoga,yoga/0.mp4\nyoga,yoga/late.mp4\n")
    first = rows_of(library)
    gone = by_path(first)["yoga/late.mp4"]
    assert (gone["status"], gone["problem"]) == ("quarantined", "the file is missing")
    assert (gone["size_bytes"], first.computed) == (None, 1)
    write_video(library / "yoga", Recipe("late.mp4", options=H264, frames=7))
    second = rows_of(library, first.table)
    assert by_path(second)["yoga/late.mp4"]["status"] == "ok"
    assert (second.computed, second.reused, second.removed) == (1, 1, 1)


def test_a_file_that_vanishes_after_the_scan_is_quarantined(library: Path) -> None:
    sources = scan(library).of_class("yoga")
    (library / "yoga/0.mp4").unlink()
    made = manifest_rows(sources, previous=None)
    assert by_path(made)["yoga/0.mp4"]["problem"] == "the file is missing"


def test_a_rotated_file_is_described_as_coded(tmp_path: Path) -> None:
    (tmp_path / "yoga").mkdir()
    write_video(tmp_path / "yoga", Recipe("t.mp4", options=H264, frames=4, rotation=90))
    row = by_path(rows_of(tmp_path))["yoga/t.mp4"]
    assert (row["width"], row["height"], row["rotation"]) == (192, 128, 270)


def test_progress_is_reported_once_for_every_clip(library: Path) -> None:
    told: list[int] = []
    sources = scan(library).of_class("yoga")
    previous = manifest_rows(sources, previous=None, progress=told.append).table
    manifest_rows(sources, previous=previous, progress=told.append)
    assert told == [1] * 6


def test_no_clips_make_an_empty_manifest() -> None:
    made = manifest_rows([], previous=None)
    assert made.table.num_rows == 0
    assert tuple(made.table.column_names) == CLIP_MANIFEST.column_names


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="must have the columns of clip_manifest"):
        ManifestRows(pa.table({"a": [1]}), 0, 0, 0)


def test_a_file_is_described_by_the_bytes_that_are_hashed(library: Path) -> None:
    path = library / "yoga/0.mp4"
    changes = []

    def read_facts(path: Path, *, file_hash: str) -> VideoFacts:
        if len(changes) < 2:  # another process writes the file, and is still writing it
            changes.append(write_video(path.parent, Recipe("0.mp4", options=H264, frames=20)))
            with path.open("ab") as file:
                file.write(bytes(len(changes)))
        return probe(path, file_hash=file_hash)

    made = manifest_rows(scan(library).of_class("yoga"), previous=None, read_facts=read_facts)
    row = by_path(made)["yoga/0.mp4"]
    assert row["content_key"] == content_key(identify(path).sha256, 0.0, None)
    assert (row["status"], row["frames"], row["size_bytes"]) == ("ok", 20, path.stat().st_size)


def test_a_file_that_does_not_rest_is_left_for_the_next_run(library: Path) -> None:
    def read_facts(path: Path, *, file_hash: str) -> VideoFacts:
        with path.open("ab") as file:
            file.write(b"x")
        return probe(path, file_hash=file_hash)

    sources = scan(library).of_class("yoga")
    made = manifest_rows(sources, previous=None, read_facts=read_facts)
    assert made.table["fault"].to_pylist() == [Fault.REPLACED] * 3
    assert made.table["frames"].null_count == 3
    assert manifest_rows(sources, previous=made.table).computed == 3


@pytest.mark.parametrize(
    ("problem", "tries"),
    [
        (DecodeError("decoding takes longer than 1 s", Fault.MOMENT), 2),
        (OSError(errno.EIO, "Input/output error"), 2),
        (OSError(errno.EMFILE, "Too many open files"), 2),
        (DecodeError("a frame is damaged at 0.10 s"), 1),
    ],
)
def test_only_the_files_own_contents_quarantine_it_for_good(library, problem, tries) -> None:
    asked = []

    def read_facts(path: Path, *, file_hash: str) -> VideoFacts:
        asked.append(path)
        raise problem

    sources, previous = scan(library).of_class("yoga"), None
    for _ in range(2):
        made = manifest_rows(sources, previous=previous, read_facts=read_facts)
        assert made.quarantined == 3
        previous = made.table
    assert len(asked) == 3 * tries


def test_restored_times_hide_no_change(library: Path) -> None:
    first, path = rows_of(library), library / "yoga/0.mp4"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = rows_of(library, first.table)
    key = content_key(identify(path).sha256, 0.0, None)
    assert by_path(again)["yoga/0.mp4"]["content_key"] == key
    assert (again.computed, again.removed) == (1, 1)


def test_a_touched_or_renamed_file_is_read_and_not_probed(library: Path) -> None:
    first = rows_of(library)
    (library / "yoga/0.mp4").chmod(0o600)
    (library / "yoga/1.mp4").rename(library / "yoga/one.mp4")

    def probed(path: Path, **_: object) -> VideoFacts:
        raise AssertionError(f"{path} was probed")

    sources = scan(library).of_class("yoga")
    again = manifest_rows(sources, previous=first.table, read_facts=probed)
    assert (again.quarantined, again.removed, again.computed) == (0, 0, 2)


def test_the_windows_of_a_file_are_read_once(library: Path) -> None:
    path, asked = library / "yoga/0.mp4", []
    windows = [(0.0, None), (0.0, 0.1), (0.1, None)]
    sources = [ClipSource(path, "yoga/0.mp4", "yoga", "", *window) for window in windows]

    def read_facts(path: Path, *, file_hash: str) -> VideoFacts:
        asked.append(path)
        return probe(path, file_hash=file_hash)

    made = manifest_rows(sources, previous=None, read_facts=read_facts)
    assert (len(asked), len(set(made.table["content_key"].to_pylist()))) == (1, 3)
