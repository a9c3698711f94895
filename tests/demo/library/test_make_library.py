"""Demo libraries on disk: layout, tables, faults measured in the files, complete or absent."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from insight_dagster.demo.library import library_files
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import LibrarySummary, make_library
from insight_dagster.errors import LibraryError

CLEAN = FaultShares.none()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _clips(root: Path) -> list[Path]:
    return sorted(root.glob("*/*/*.mp4"))


def _faulty(summary: LibrarySummary, fault: str) -> list[Path]:
    rows = _rows(summary.root / "truth.csv")
    return [summary.root / row["path"] for row in rows if row["fault"] == fault]


def test_layout_and_annotations_agree(tiny_library: LibrarySummary) -> None:
    root = tiny_library.root
    rows = _rows(root / "annotations.csv")
    assert list(rows[0]) == ["label", "youtube_id", "time_start", "time_end", "split", "path"]
    assert sorted(row["path"] for row in rows) == [
        str(clip.relative_to(root)) for clip in _clips(root)
    ]
    for row in rows:
        name = f"{row['youtube_id']}_{int(row['time_start']):06d}_{int(row['time_end']):06d}.mp4"
        assert row["path"] == f"{row['split']}/{row['label']}/{name}"


def test_summary_counts_what_truth_lists(tiny_library: LibrarySummary) -> None:
    rows = _rows(tiny_library.root / "truth.csv")
    assert list(rows[0]) == ["path", "fault", "group"]
    assert all((tiny_library.root / row["path"]).is_file() for row in rows)
    faults = [row["fault"] for row in rows]
    assert {fault: faults.count(fault) for fault in faults} == tiny_library.faults
    assert tiny_library.clips == 8


def test_title_cards_are_near_static(tiny_library: LibrarySummary) -> None:
    cards = _faulty(tiny_library, "title_card")
    plain = _decode(_faulty(tiny_library, "leak")[0])
    assert cards
    for card in cards:
        frames = _decode(card)
        assert _change(frames[0], frames[40]) < 2.0 < _change(plain[0], plain[40])
        assert structural_similarity(frames[0], frames[40], channel_axis=2) > 0.95


def test_leaked_copies_look_alike_but_differ_in_bytes(tiny_library: LibrarySummary) -> None:
    first, second = _faulty(tiny_library, "leak")
    assert first.parts[-3] != second.parts[-3]
    assert first.read_bytes() != second.read_bytes()
    pictures = [_thumbnail(_decode(path)[30]) for path in (first, second)]
    assert _change(*pictures) < 6


def test_corrupt_files_do_not_decode(tiny_library: LibrarySummary) -> None:
    for path in _faulty(tiny_library, "corrupt"):
        with pytest.raises((av.FFmpegError, IndexError)):
            _decode(path)


def test_a_second_call_changes_nothing(tiny_library: LibrarySummary) -> None:
    root = tiny_library.root
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    again = make_library(
        root, seed=5, clips_per_class=4, workers=1, classes=tiny_library.classes, faults=_tiny()
    )
    assert not again.created
    assert tiny_library.created
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_pixels_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    for workers, root in enumerate(roots, 1):
        make_library(
            root,
            seed=1,
            clips_per_class=2,
            workers=workers,
            classes=("snowboarding",),
            faults=CLEAN,
        )
    pairs = zip(_clips(roots[0]), _clips(roots[1]), strict=True)
    for one, two in pairs:
        assert one.name == two.name
        assert np.array_equal(_decode(one), _decode(two))


def test_progress_counts_every_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_files, "write_clip", _write_nothing)
    steps: list[int] = []
    make_library(tmp_path / "a", clips_per_class=3, workers=1, progress=steps.append)
    assert sum(steps) == 15


def test_an_interrupted_library_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_files, "write_clip", _fail)
    with pytest.raises(KeyboardInterrupt):
        make_library(tmp_path / "home" / "library", clips_per_class=1, workers=1)
    assert list((tmp_path / "home").iterdir()) == []


def test_another_library_is_not_overwritten(tiny_library: LibrarySummary) -> None:
    with pytest.raises(LibraryError, match="another demo library .*'seed': 5"):
        make_library(tiny_library.root, seed=6, clips_per_class=4, workers=1)


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(LibraryError, match="not empty"):
        make_library(tmp_path, clips_per_class=1, workers=1)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="is a file"):
        make_library(tmp_path / "file", clips_per_class=1, workers=1)


def test_unknown_classes_are_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="'curling'"):
        make_library(tmp_path / "a", classes=("curling",), workers=1)


def _tiny() -> FaultShares:
    return FaultShares(0.0, 0.25, 0.65, 0.0, 0.0, 0.125, 0.0, 0.25, 0.0)


def _write_nothing(root: Path, plan: object, *, seed: int) -> None:
    return None


def _fail(root: Path, plan: object, *, seed: int) -> None:
    raise KeyboardInterrupt


def _thumbnail(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame, (64, 48), interpolation=cv2.INTER_AREA)


def _change(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second).mean())
