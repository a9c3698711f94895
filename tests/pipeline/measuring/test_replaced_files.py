"""Files that change between listing and decoding, or during it, keep results of their own."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from insight_dagster.analysis.decoding import decode_window
from insight_dagster.analysis.metadata.user_functions import UserFunction
from insight_dagster.errors import DecodeError, Fault
from insight_dagster.pipeline.measuring.embedding import EmbeddingPass
from tests.support.listed_class import ListedClass
from tests.support.model_clips import demo_classifier, write_clip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return demo_classifier(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def contents(tmp_path_factory, model):
    """Three videos as a library, and the vector of each."""
    made = ListedClass(tmp_path_factory.mktemp("contents"), model)
    for number in range(3):
        write_clip(made.folder / f"{number}.mp4", seed=number, frames=20)
    made.list()
    made.measure()
    return made.folder, made.vectors()


@pytest.fixture
def listed(tmp_path, model, contents):
    """Return a class that is listed and not measured."""
    made = ListedClass(tmp_path, model)
    shutil.copytree(contents[0], made.folder, dirs_exist_ok=True)
    made.list()
    return made


def trade(folder: Path) -> None:
    """Exchange the names of two files, none of which is missing for a moment."""
    for name, other in (("0.mp4", "1.mp4"), ("1.mp4", "0.mp4")):
        (folder / f"new {name}").hardlink_to(folder / other)
    for name in ("0.mp4", "1.mp4"):
        (folder / f"new {name}").replace(folder / name)


def overwrite(folder: Path) -> None:
    """Exchange the bytes of two files, and restore their times."""
    paths = [folder / "0.mp4", folder / "1.mp4"]
    states, data = [path.stat() for path in paths], [path.read_bytes() for path in paths]
    for path, state, other in zip(paths, states, reversed(data), strict=True):
        path.write_bytes(other)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def link(folder: Path) -> None:
    """Switch a link to another clip."""
    (folder / "0.mp4").unlink()
    (folder / "0.mp4").symlink_to(folder / "2.mp4")


def assert_vectors(listed: ListedClass, contents, **video_of: str) -> None:
    """Make sure that files have the vectors of the videos that are in them."""
    found, known = listed.vectors(), contents[1]
    assert {name.removesuffix(".mp4") for name in found} == {key[1:] for key in video_of}
    for name, vector in found.items():
        video = video_of[f"_{name.removesuffix('.mp4')}"]
        assert np.array_equal(vector, known[f"{video}.mp4"]), name
    assert listed.measured() == len(found)


@pytest.mark.parametrize(
    ("change", "moment", "now_in_0", "now_in_1"),
    [
        (trade, "before", "1", "0"),
        (trade, "during", "1", "0"),
        (overwrite, "before", "1", "0"),
        (link, "before", "2", "1"),
    ],
)
def test_contents_keep_their_own_vectors(listed, contents, change, moment, now_in_0, now_in_1):
    calls, first = [], threading.Lock()

    def decode(path: Path, **options):
        with first:
            if not calls:
                change(listed.folder)
            calls.append(path)
        return decode_window(path, **options)

    if moment == "before":
        change(listed.folder)
        facts = listed.measure()
    else:
        facts = listed.measure(decode)
    assert {facts[name]["quarantined"] for name in facts} == {0}
    different = len({now_in_0, now_in_1, "2"})
    assert {facts[name]["computed"] for name in facts} == {different}
    assert "changed since they were listed" in " ".join(listed.warnings)
    assert_vectors(listed, contents, _0=now_in_0, _1=now_in_1, _2="2")
    before = listed.manifest()
    listed.list()
    assert listed.manifest() == before, "listed as a new listing would"


def trading_once(folder: Path):
    """Return a decoder during whose first call two files trade names."""
    calls = []

    def decode(path: Path, **options):
        if not calls:
            trade(folder)
        calls.append(path)
        return decode_window(path, **options)

    return decode


def test_an_asset_that_failed_is_not_computed_again_for_clips_that_changed(listed, monkeypatch):
    asked = []

    def fail(_, shard, visit):
        asked.append(len(shard))
        raise RuntimeError("no memory")

    monkeypatch.setattr(EmbeddingPass, "run", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        listed.measure(trading_once(listed.folder))
    assert "changed since they were listed" in " ".join(listed.warnings)
    assert asked == [3]
    assert listed.measured() == 3


def test_problems_of_the_first_pass_are_kept(listed, monkeypatch):
    asked = []

    def picky(frames, timestamps):
        asked.append(len(frames))
        if len(asked) == 1:
            raise ValueError("too dark")
        return {"frames": len(frames)}

    monkeypatch.setattr(
        "insight_dagster.pipeline.measuring.metadata.installed_functions",
        lambda: (UserFunction("picky", "1", picky),),
    )
    facts = listed.measure(trading_once(listed.folder))["metadata_table"]
    assert "changed since they were listed" in " ".join(listed.warnings)
    assert "too dark" in facts["function picky"]


def test_a_file_that_always_changes_is_left_out_until_the_next_run(listed, contents):
    def decode(path: Path, **options):
        if path.name == "1.mp4":
            with path.open("ab") as file:  # an empty box: the video stays whole
                file.write(b"\0\0\0\x08free")
        return decode_window(path, **options)

    facts = listed.measure(decode)
    assert {facts[name]["quarantined"] for name in facts} == {1}
    row = listed.manifest()["1.mp4"]
    assert (row["status"], row["fault"]) == ("quarantined", Fault.REPLACED)
    assert "changed" in row["problem"]
    assert_vectors(listed, contents, _0="0", _2="2")
    listed.list()
    listed.measure()
    assert_vectors(listed, contents, _0="0", _1="1", _2="2")


def test_a_deleted_file_is_left_out_and_tried_again(listed, contents, tmp_path):
    (listed.folder / "1.mp4").rename(tmp_path / "aside")
    listed.measure()
    assert listed.manifest()["1.mp4"]["fault"] == Fault.MOMENT
    (tmp_path / "aside").rename(listed.folder / "1.mp4")
    listed.list()
    listed.measure()
    assert_vectors(listed, contents, _0="0", _1="1", _2="2")


@pytest.mark.parametrize("fault", [Fault.MOMENT, Fault.FILE])
def test_only_what_belongs_to_the_moment_is_tried_again(listed, fault):
    asked = []

    def decode(path: Path, **options):
        asked.append(path.name)
        if path.name == "1.mp4":
            raise DecodeError("decoding takes longer than 1 s", fault)
        return decode_window(path, **options)

    for _ in range(2):  # with every run, not again and again in one
        listed.measure(decode)
        assert listed.manifest()["1.mp4"]["fault"] == fault
        listed.list()
    assert asked.count("1.mp4") == (2 if fault is Fault.MOMENT else 1)
    listed.measure()
    assert ("1.mp4" in listed.vectors()) is (fault is Fault.MOMENT)
