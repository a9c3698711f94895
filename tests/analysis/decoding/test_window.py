"""Windows of generated files: exact frames and timestamps, equal to PyTorchVideo's."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from insight_dagster.analysis.decoding import (
    DecodedWindow,
    VideoFacts,
    decode_window,
    probe,
)
from insight_dagster.analysis.model.preprocessing import ClipSpec, preprocess, subsample_indices
from insight_dagster.errors import DecodeError
from tests.support import video_corpus
from tests.support.pytorchvideo_reference import clip_of, transform_of
from tests.support.video_corpus import CORPUS, H264, Recipe, numbers, write_video

# AVI counts MPEG-4 frames from 1; PyTorchVideo uses these times unchanged, and so do we.
COUNTED_FROM_ONE = {"mpeg4_b_frames.avi"}
# PyTorchVideo sorts by presentation times, which AVI lacks, and seeks, which skips frames in TS.
NOT_EXACT_IN_PYTORCHVIDEO = {"h264_b_frames.avi", "h264_late.ts"}
DECORD_EXACT = {
    *("h264.mp4", "h264_faststart.mp4", "h264_fragments.mp4", "h264_444.mp4"),
    *("h264_uneven.mp4", "h264_audio.mp4", "h264_15fps.mp4", "h264_25fps.mov"),
    *("h264_ntsc.mp4", "h264_60fps.mkv", "h264_portrait.mp4", "vp9.webm", "hevc.mp4"),
}
by_name = pytest.mark.parametrize("recipe", CORPUS, ids=lambda recipe: recipe.name)


def shown_at(recipe: Recipe) -> list[float]:
    """Return the time of each frame in seconds, counted from the first."""
    late = 1 if recipe.name in COUNTED_FROM_ONE else 0
    step = 1 / recipe.fps
    places = [
        number + 2 * (number // 3) if recipe.uneven else number for number in range(recipe.frames)
    ]
    return [float((place + late) * step) for place in places]


def expected(recipe: Recipe, start: float, seconds: float) -> list[int]:
    """Return the numbers of the frames in a window whose edges equal no timestamp."""
    return [n for n, at in enumerate(shown_at(recipe)) if start <= at < start + seconds]


@by_name
def test_the_window_from_the_start_is_exact(recipe: Recipe, corpus: dict[str, Path]) -> None:
    inside = expected(recipe, 0, 0.99)
    window = decode_window(corpus[recipe.name], start=0, seconds=0.99, num_frames=16)
    assert numbers(window.frames) == [inside[i] for i in subsample_indices(len(inside), 16)]
    assert window.source_frames == len(inside)
    assert window.frames.shape == (16, recipe.height, recipe.width, 3)
    times = [shown_at(recipe)[n] for n in numbers(window.frames)]
    np.testing.assert_allclose(window.timestamps, times, atol=2e-3)


@by_name
def test_every_frame_of_a_later_window_is_exact(recipe: Recipe, corpus: dict[str, Path]) -> None:
    for first in range(0, recipe.frames, 7):
        start = (first + 0.5) / float(recipe.fps)
        inside = expected(recipe, start, 0.24)
        if not inside:
            continue
        window = decode_window(
            corpus[recipe.name], start=start, seconds=0.24, num_frames=len(inside)
        )
        assert numbers(window.frames) == inside


@pytest.mark.parametrize("name", ["h264.mp4", "h264_open_gop.mp4", "h264_60fps.mkv", "vp9.webm"])
def test_seeking_gives_the_pixels_of_reading_on(name: str, corpus: dict[str, Path]) -> None:
    everything = decode_window(corpus[name], start=0, seconds=9, num_frames=40)
    for number in (1, 11, 12, 13, 25, 39):
        at = everything.timestamps[number]
        one = decode_window(corpus[name], start=float(at) - 1e-4, seconds=2e-3, num_frames=1)
        np.testing.assert_array_equal(one.frames[0], everything.frames[number])


@by_name
def test_facts_agree_with_the_recipe(recipe: Recipe, corpus: dict[str, Path]) -> None:
    facts = probe(corpus[recipe.name])
    assert (facts.width, facts.height) == (recipe.width, recipe.height)
    assert facts.frames == recipe.frames
    assert facts.rotation == 0
    assert facts.has_audio == recipe.audio
    assert facts.decoder == "pyav"
    assert facts.decoder_reason
    if not recipe.uneven:
        assert facts.fps == pytest.approx(float(recipe.fps), rel=1e-3)
        assert facts.duration_seconds == pytest.approx(recipe.frames / recipe.fps, abs=0.11)


@pytest.mark.parametrize(
    "recipe",
    [recipe for recipe in CORPUS if recipe.name not in NOT_EXACT_IN_PYTORCHVIDEO],
    ids=lambda recipe: recipe.name,
)
def test_equals_pytorchvideo_from_file_to_tensor(recipe: Recipe, corpus: dict[str, Path]) -> None:
    spec = ClipSpec(16, 2, side=96, crop=80)
    reference = transform_of(spec)(clip_of(corpus[recipe.name], 0, spec.seconds))
    window = decode_window(
        corpus[recipe.name], start=0, seconds=spec.seconds, num_frames=spec.num_frames
    )
    torch.testing.assert_close(preprocess(window.frames, spec), reference, rtol=0, atol=1e-3)


@pytest.mark.parametrize("seconds", [80 / 30, 1.0, 0.5, 1 / 3, 2 / 3, 1.1])
@pytest.mark.parametrize("start", [0.0, 0.1, 0.3, 1 / 3])
def test_the_edges_of_a_window_are_pytorchvideos(
    start: float, seconds: float, corpus: dict[str, Path]
) -> None:
    for name in ("h264.mp4", "h264_ntsc.mp4", "h264_15fps.mp4", "h264_60fps.mkv"):
        reference = clip_of(corpus[name], start, start + seconds)
        window = decode_window(
            corpus[name], start=start, seconds=seconds, num_frames=reference.shape[1]
        )
        assert window.source_frames == reference.shape[1]
        np.testing.assert_array_equal(window.frames, reference.permute(1, 2, 3, 0).numpy())


@by_name
def test_decord_is_exact_or_refused(recipe: Recipe, corpus: dict[str, Path]) -> None:
    def window(decoder: str, start: float) -> DecodedWindow:
        return decode_window(
            corpus[recipe.name], start=start, seconds=0.5, num_frames=7, decoder=decoder
        )

    if recipe.name not in DECORD_EXACT:
        with pytest.raises(DecodeError, match="decord"):
            window("decord", 0)
        return
    for start in (0.0, 0.35):
        by_decord, by_pyav = window("decord", start), window("pyav", start)
        np.testing.assert_array_equal(by_decord.frames, by_pyav.frames)
        np.testing.assert_array_equal(by_decord.timestamps, by_pyav.timestamps)
        assert by_decord.source_frames == by_pyav.source_frames


def test_frames_cut_by_an_edit_list_do_not_count(corpus: dict[str, Path], tmp_path: Path) -> None:
    path = video_corpus.cut_start(corpus["h264.mp4"], tmp_path / "cut.mp4", 0.5)
    assert probe(path).frames == 25
    assert "edit list" in probe(path).decoder_reason
    window = decode_window(path, start=0, seconds=9, num_frames=25)
    assert numbers(window.frames) == list(range(15, 40))
    later = decode_window(path, start=0.19, seconds=0.2, num_frames=6)
    assert numbers(later.frames) == [21, 22, 23, 24, 25, 26]


def test_a_short_clip_is_used_as_it_is(corpus: dict[str, Path]) -> None:
    window = decode_window(corpus["h264.mp4"], start=0, seconds=80 / 30, num_frames=16)
    assert window.short
    assert window.source_frames == 40
    assert numbers(window.frames) == subsample_indices(40, 16).tolist()


def test_a_window_that_the_clip_fills_is_not_short(corpus: dict[str, Path]) -> None:
    assert not decode_window(corpus["h264.mp4"], start=0, seconds=40 / 30, num_frames=4).short
    assert not decode_window(corpus["vp9.webm"], start=0, seconds=40 / 30, num_frames=4).short
    assert decode_window(corpus["h264.mp4"], start=0, seconds=43 / 30, num_frames=4).short


def test_too_few_frames_repeat(corpus: dict[str, Path]) -> None:
    window = decode_window(corpus["h264.mp4"], start=0.09, seconds=0.1, num_frames=6)
    assert numbers(window.frames) == [3, 3, 3, 4, 4, 5]
    assert window.source_frames == 3


def test_nothing_behind_the_segment_is_used(corpus: dict[str, Path]) -> None:
    window = decode_window(corpus["h264.mp4"], start=0.09, seconds=1, end=0.35, num_frames=8)
    assert numbers(window.frames) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert window.short
    same = decode_window(corpus["h264.mp4"], start=0.09, seconds=0.25, end=5, num_frames=8)
    assert not same.short


def test_a_window_behind_the_end_is_an_error(corpus: dict[str, Path]) -> None:
    with pytest.raises(DecodeError, match=r"between 7\.00 s and 8\.00 s; the last .* 1\.30 s"):
        decode_window(corpus["h264.mp4"], start=7, seconds=1, num_frames=4)


def test_only_the_window_is_decoded(corpus: dict[str, Path], tmp_path: Path) -> None:
    # The rear of the frames is garbage; the first frames are intact and must be decoded.
    data = bytearray(corpus["h264_25fps.mov"].read_bytes())
    data[len(data) * 6 // 10 : len(data) * 7 // 10] = bytes(
        len(data) * 7 // 10 - len(data) * 6 // 10
    )
    path = tmp_path / "rear.mov"
    path.write_bytes(data)
    window = decode_window(path, start=0, seconds=0.16, num_frames=4)
    assert numbers(window.frames) == [0, 1, 2, 3]
    with pytest.raises(DecodeError):
        decode_window(path, start=0, seconds=9, num_frames=4)


def test_threads_get_the_same_frames(corpus: dict[str, Path]) -> None:
    path = corpus["h264.mp4"]
    wanted = decode_window(path, start=0, seconds=1, num_frames=16).frames
    made: list[np.ndarray] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(
                decode_window(path, start=0, seconds=1, num_frames=16).frames
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert all(np.array_equal(frames, wanted) for frames in made)


@pytest.mark.parametrize(
    "changes",
    [{"start": -1}, {"seconds": 0}, {"num_frames": 0}, {"end": 0.0}, {"decoder": "opencv"}],
)
def test_senseless_arguments_are_refused(changes: dict, corpus: dict[str, Path]) -> None:
    arguments = {"start": 0.0, "seconds": 1.0, "num_frames": 4} | changes
    with pytest.raises(ValueError, match="window needs|segment ends|decoder must"):
        decode_window(corpus["h264.mp4"], **arguments)


def test_results_check_their_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(4, 8, 8\)"):
        DecodedWindow(np.zeros((4, 8, 8), np.uint8), np.zeros(4), 4, short=False)
    with pytest.raises(ValueError, match=r"4 frames .* \(3,\)"):
        DecodedWindow(np.zeros((4, 8, 8, 3), np.uint8), np.zeros(3), 4, short=False)
    with pytest.raises(ValueError, match="rotation"):
        VideoFacts("mov", "h264", 4, 4, 30.0, 9, 0.3, 45, False, False, True, "pyav", "")


def test_raw_streams_are_counted(tmp_path: Path) -> None:
    path = write_video(tmp_path, Recipe("raw.h264", options=H264, fps=Fraction(25)))
    window = decode_window(path, start=0, seconds=0.5, num_frames=13)
    assert numbers(window.frames) == list(range(13))
