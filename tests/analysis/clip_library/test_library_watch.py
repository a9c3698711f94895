"""What the library sensor sees: new, changed, settled, gone."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.analysis.clip_library.library_watch import LibraryWatch, fingerprints, watch
from insight_dagster.errors import LibraryError
from insight_dagster.tables import CLIP_MANIFEST
from tests.support.model_clips import write_clip


def nothing(names):
    return CLIP_MANIFEST.from_rows([])


def library(folder: Path, **clips: str) -> ScannedLibrary:
    """A library of text files: class -> content."""
    for class_name, content in clips.items():
        path = folder / class_name / "clip.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return scan(folder)


def test_a_class_counts_when_it_is_alike_at_two_looks(tmp_path):
    first = watch(library(tmp_path, a="1", b="1"), LibraryWatch(), stored=nothing)
    assert (first.settled, first.unsettled) == ((), ("a", "b"))
    growing = library(tmp_path, b="12")
    second = watch(growing, first.state, stored=nothing)
    assert (second.settled, second.unsettled) == (("a",), ("b",))
    third = watch(growing, second.state, stored=nothing)
    assert (third.settled, third.unsettled) == (("b",), ())
    fourth = watch(growing, third.state, stored=nothing)
    assert (fourth.settled, fourth.unsettled, fourth.changed) == ((), (), False)


def test_a_class_that_went_and_came_back_is_new_again(tmp_path):
    whole = library(tmp_path, a="1", b="1")
    state = watch(whole, LibraryWatch(), stored=nothing).state
    state = watch(whole, state, stored=nothing).state
    assert state.requests == 1
    without = replace(whole, sources=tuple(s for s in whole.sources if s.class_name == "a"))
    state = watch(without, state, stored=nothing).state
    state = watch(whole, state, stored=nothing).state
    back = watch(whole, state, stored=nothing)
    assert back.settled == ("b",)
    assert back.state.requests == 2, "another run key than the first time"


def test_what_the_tables_hold_already_asks_for_nothing(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_clip(tmp_path / name / "clip.mp4", seed=1, frames=10)
    (tmp_path / "b" / "broken.mp4").write_text("no video")
    found = scan(tmp_path)

    def stored(names):
        known = manifest_rows(found.of_class("b"), previous=None).table
        return known if "b" in names else nothing(names)

    state = watch(found, LibraryWatch(), stored=stored).state
    assert watch(found, state, stored=stored).settled == ("a",)


def test_the_memory_survives_as_text(tmp_path):
    state = watch(library(tmp_path, **{"a b": "1", "ü": "2"}), LibraryWatch(), stored=nothing).state
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
