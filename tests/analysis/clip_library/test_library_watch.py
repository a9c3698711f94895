"""Changes of a library between two looks: new, changed, settled and removed classes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.analysis.clip_library.library_watch import (
    LibraryWatch,
    find_changes,
    fingerprints,
)
from insight_dagster.errors import DecodeError, Fault, LibraryError
from insight_dagster.tables import CLIP_MANIFEST
from tests.support.model_clips import write_clip


def nothing(names):
    return CLIP_MANIFEST.from_rows([])


def library(folder: Path, **clips: str) -> ScannedLibrary:
    """Write a library of text files, given as contents by class, and scan it."""
    for class_name, content in clips.items():
        path = folder / class_name / "clip.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return scan(folder)


def test_a_class_counts_when_it_is_alike_at_two_looks(tmp_path):
    first = find_changes(library(tmp_path, a="1", b="1"), LibraryWatch(), stored=nothing)
    assert (first.settled, first.unsettled) == ((), ("a", "b"))
    growing = library(tmp_path, b="12")
    second = find_changes(growing, first.watch, stored=nothing)
    assert (second.settled, second.unsettled) == (("a",), ("b",))
    third = find_changes(growing, second.watch, stored=nothing)
    assert (third.settled, third.unsettled) == (("b",), ())
    fourth = find_changes(growing, third.watch, stored=nothing)
    assert (fourth.settled, fourth.unsettled, fourth.changed) == ((), (), False)


def test_a_class_that_went_and_came_back_is_new_again(tmp_path):
    whole = library(tmp_path, a="1", b="1")
    state = find_changes(whole, LibraryWatch(), stored=nothing).watch
    state = find_changes(whole, state, stored=nothing).watch
    assert state.requests == 1
    without = replace(whole, sources=tuple(s for s in whole.sources if s.class_name == "a"))
    state = find_changes(without, state, stored=nothing).watch
    state = find_changes(whole, state, stored=nothing).watch
    back = find_changes(whole, state, stored=nothing)
    assert back.settled == ("b",)
    assert back.watch.requests == 2, "another run key than the first time"


def test_what_the_tables_hold_already_asks_for_nothing(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_clip(tmp_path / name / "clip.mp4", seed=1, frames=10)
    (tmp_path / "b" / "broken.mp4").write_text("no video")
    found = scan(tmp_path)

    def stored(names):
        known = manifest_rows(found.of_class("b"), previous=None).table
        return known if "b" in names else nothing(names)

    state = find_changes(found, LibraryWatch(), stored=stored).watch
    assert find_changes(found, state, stored=stored).settled == ("a",)


def test_a_clip_that_is_tried_again_with_every_run_starts_none(tmp_path):
    (tmp_path / "a").mkdir()
    write_clip(tmp_path / "a" / "clip.mp4", seed=1, frames=10)
    found = scan(tmp_path)

    def too_slow(path, **_):
        raise DecodeError("decoding takes longer than 1 s", Fault.MOMENT)

    def stored(names):
        return manifest_rows(found.of_class("a"), previous=None, read_facts=too_slow).table

    state = LibraryWatch()
    for _ in range(3):
        changes = find_changes(found, state, stored=stored)
        assert (changes.settled, changes.unsettled) == ((), ())
        state = changes.watch


def test_the_memory_survives_as_text(tmp_path):
    state = find_changes(
        library(tmp_path, **{"a b": "1", "ü": "2"}), LibraryWatch(), stored=nothing
    ).watch
    assert LibraryWatch.from_cursor(state.to_cursor()) == state
    assert LibraryWatch.from_cursor(None) == LibraryWatch()
    for text in ("{}", "[9, 0, {}, {}]", "no json"):
        with pytest.raises(LibraryError, match="reset it in the UI"):
            LibraryWatch.from_cursor(text)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=8), st.randoms())
def test_the_order_of_clips_does_not_matter(states, random):
    states = [(name, (str(n), "train", 0.0, None, n, n, "")) for name, n in states]
    shuffled = list(states)
    random.shuffle(shuffled)
    assert fingerprints(states) == fingerprints(shuffled)
