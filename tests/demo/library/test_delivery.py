"""A second delivery on disk: what it adds and keeps, what readers see, what is refused."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from insight_dagster.analysis.clip_library import scan
from insight_dagster.demo.library import delivery, library_files
from insight_dagster.demo.library.clip_plan import ClipPlan
from insight_dagster.demo.library.delivery import DeliverySummary, deliver
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import LibrarySummary, make_library
from insight_dagster.demo.library.marker import MARKER, Marker
from insight_dagster.errors import LibraryError

BROUGHT = 7
"""Clips of the tiny library's delivery: two new ones of three classes, one replaced."""


@pytest.fixture(scope="module")
def delivered(
    tiny_library: LibrarySummary, tmp_path_factory: pytest.TempPathFactory
) -> DeliverySummary:
    """Return the tiny library with its second delivery; tests must not change it."""
    folder = tmp_path_factory.mktemp("delivered") / "library"
    shutil.copytree(tiny_library.root, folder)
    return deliver(folder, workers=1)


@pytest.fixture
def copy(tiny_library: LibrarySummary, tmp_path: Path) -> Path:
    """Return a copy of the tiny library that a test may change."""
    return Path(shutil.copytree(tiny_library.root, tmp_path / "home" / "library"))


@pytest.fixture
def ready_clips(delivered: DeliverySummary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy clips from the delivered library instead of rendering them again."""

    def take(root: Path, plan: ClipPlan, *, seed: int) -> None:
        shutil.copy(delivered.root / plan.path, root / plan.path)

    monkeypatch.setattr(library_files, "write_clip", take)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def _in_group(root: Path, group: str) -> set[str]:
    rows = _rows(root / "truth.csv")
    return {row["path"] for row in rows if (row["fault"], row["group"]) == ("delivery_2", group)}


def _picture(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return cv2.resize(frames[30], (340, 256), interpolation=cv2.INTER_AREA)


def _after_moves(count: int, then: Callable[[], None]) -> Callable[[Path, Path], None]:
    """Return an `os.replace` that calls `then` before every move after the first `count`."""
    moves = iter(range(10_000))

    def move(source: Path, target: Path) -> None:
        if next(moves) >= count:
            then()
        shutil.move(source, target)

    return move


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_the_summary_counts_what_truth_lists(
    tiny_library: LibrarySummary, delivered: DeliverySummary
) -> None:
    assert delivered.created and delivered.delivery == 2
    assert delivered.groups == {"new_clip": 4, "replaced": 1, "new_class": 2}
    assert delivered.clips == BROUGHT
    for group, count in delivered.groups.items():
        assert len(_in_group(delivered.root, group)) == count
    assert {path.split("/")[1] for path in _in_group(delivered.root, "new_class")} == {
        delivered.new_class
    }
    kept = [row for row in _rows(delivered.root / "truth.csv") if row["fault"] != "delivery_2"]
    assert kept == _rows(tiny_library.root / "truth.csv")


def test_what_is_not_replaced_keeps_its_bytes(
    tiny_library: LibrarySummary, delivered: DeliverySummary
) -> None:
    before, after = _contents(tiny_library.root), _contents(delivered.root)
    changed = {path for path in before if after[path] != before[path]}
    replaced = _in_group(delivered.root, "replaced")
    assert changed == replaced | {"annotations.csv", "truth.csv", MARKER}
    added = _in_group(delivered.root, "new_clip") | _in_group(delivered.root, "new_class")
    assert set(after) - set(before) == added


def test_the_scanner_finds_every_annotated_clip(delivered: DeliverySummary) -> None:
    sources = scan(delivered.root).sources
    assert not [source for source in sources if source.problem]
    rows = {
        (row["path"], row["label"], row["split"])
        for row in _rows(delivered.root / "annotations.csv")
    }
    assert {(s.relative_path, s.class_name, s.split) for s in sources} == rows
    assert len(rows) == 8 + 6


def test_replaced_clips_are_darker_and_blurrier_recordings_of_the_same_scene(
    tiny_library: LibrarySummary, delivered: DeliverySummary
) -> None:
    for path in _in_group(delivered.root, "replaced"):
        before, after = (_picture(each.root / path) for each in (tiny_library, delivered))
        assert after.mean() < 0.7 * before.mean()
        assert (
            cv2.Laplacian(after, cv2.CV_64F).var() < 0.5 * cv2.Laplacian(before, cv2.CV_64F).var()
        )
        coarse = [cv2.resize(p, (34, 26), interpolation=cv2.INTER_AREA) for p in (before, after)]
        assert np.corrcoef(coarse[0].ravel(), coarse[1].ravel())[0, 1] > 0.9


def test_the_same_library_gets_the_same_bytes_whatever_the_workers(
    delivered: DeliverySummary, copy: Path
) -> None:
    assert deliver(copy, workers=2).created
    assert _contents(copy) == _contents(delivered.root)
    assert list(copy.parent.iterdir()) == [copy]


def test_a_second_call_changes_nothing(delivered: DeliverySummary) -> None:
    before = {path: path.stat().st_mtime_ns for path in delivered.root.rglob("*")}
    steps: list[int] = []
    again = deliver(delivered.root, workers=1, progress=steps.append)
    assert not again.created
    assert (again.groups, sum(steps)) == (delivered.groups, BROUGHT)
    assert {path: path.stat().st_mtime_ns for path in delivered.root.rglob("*")} == before


@pytest.mark.usefixtures("ready_clips")
def test_progress_counts_every_clip(copy: Path) -> None:
    steps: list[int] = []
    deliver(copy, workers=1, progress=steps.append)
    assert sum(steps) == BROUGHT


@pytest.mark.usefixtures("ready_clips")
@pytest.mark.parametrize("moves", [0, 3, BROUGHT, BROUGHT + 1, BROUGHT + 2])
def test_an_interrupted_delivery_is_completed_by_the_next_call(
    delivered: DeliverySummary, copy: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", _after_moves(moves, _interrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(copy, workers=1)
    assert list(copy.parent.iterdir()) == [copy]
    marker = Marker.read(copy)
    assert marker is not None and marker.delivery == 1
    assert deliver(copy, workers=1).created
    assert _contents(copy) == _contents(delivered.root)


@pytest.mark.usefixtures("ready_clips")
def test_a_reader_meets_whole_files_at_any_moment(
    tiny_library: LibrarySummary,
    delivered: DeliverySummary,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = [_contents(tiny_library.root), _contents(delivered.root)]
    seen: list[int] = []

    def look() -> None:
        sources = scan(copy).sources
        seen.append(len(sources))
        assert not [source for source in sources if source.problem]
        for path, content in _contents(copy).items():
            assert content in [files.get(path) for files in whole]

    monkeypatch.setattr(delivery.os, "replace", _after_moves(0, look))
    deliver(copy, workers=1)
    assert (seen[0], seen[-1]) == (8, 14)
    assert len(seen) == BROUGHT + 3


@pytest.mark.usefixtures("ready_clips")
def test_a_file_that_cannot_move_in_is_named(copy: Path) -> None:
    (copy / "train" / "skateboarding").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot move train/skateboarding/.* to .*library"):
        deliver(copy, workers=1)
    assert list(copy.parent.iterdir()) == [copy]


def test_an_interrupted_rendering_leaves_the_library_alone(
    tiny_library: LibrarySummary, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(root: Path, plan: ClipPlan, *, seed: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(library_files, "write_clip", fail)
    with pytest.raises(KeyboardInterrupt):
        deliver(copy, workers=1)
    assert _contents(copy) == _contents(tiny_library.root)
    assert list(copy.parent.iterdir()) == [copy]


def test_make_library_still_knows_the_library(
    tiny_library: LibrarySummary, delivered: DeliverySummary
) -> None:
    marker = Marker.read(delivered.root)
    assert marker is not None
    steps: list[int] = []
    again = make_library(
        delivered.root,
        seed=5,
        clips_per_class=4,
        workers=1,
        classes=tiny_library.classes,
        faults=marker.faults,
        progress=steps.append,
    )
    assert not again.created
    assert (again.clips, sum(steps)) == (14, 8)
    assert again.classes == (*tiny_library.classes, delivered.new_class)
    assert again.faults == {**tiny_library.faults, "delivery_2": BROUGHT}


def test_make_library_still_refuses_another_library(delivered: DeliverySummary) -> None:
    with pytest.raises(LibraryError, match="another demo library .*'seed': 5"):
        make_library(delivered.root, seed=6, clips_per_class=4, workers=1)


def test_an_unknown_delivery_is_refused(copy: Path) -> None:
    with pytest.raises(LibraryError, match="has no delivery 3; use 2"):
        deliver(copy, delivery=3)


def test_what_is_no_demo_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for folder in (tmp_path, tmp_path / "absent", tmp_path / "thesis.txt"):
        with pytest.raises(LibraryError, match="is not a demo library; make one first"):
            deliver(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_library_that_has_the_new_class_is_refused(tmp_path: Path) -> None:
    Marker(0, 2, ("abseiling", "skateboarding"), FaultShares()).write(tmp_path)
    with pytest.raises(LibraryError, match="already has the class 'skateboarding'"):
        deliver(tmp_path)


def test_a_library_of_another_generator_is_refused(tmp_path: Path) -> None:
    Marker(0, 2, ("abseiling",), FaultShares(), generator=0).write(tmp_path)
    with pytest.raises(LibraryError, match="rendered by generator 0"):
        deliver(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '"x"', json.dumps({"faults": {"rust": 1}})])
def test_a_marker_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(
        LibraryError, match=f"{MARKER} is not a demo library marker of this version"
    ):
        deliver(tmp_path)
