"""Rendered frames: reproducible, with the motion that their classes have."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from insight_dagster.demo.library.clip_plan import ClipPlan
from insight_dagster.demo.library.rendering import SCENES, Scene, render
from insight_dagster.demo.scenes import climbing

SHORT = ClipPlan(
    index=0,
    content=0,
    label="disc golfing",
    shows="disc golfing",
    split="train",
    name="x",
    seconds=0.3,
)


def _frames(plan: ClipPlan, seed: int = 1) -> list[np.ndarray]:
    return list(render(plan, seed=seed))


def test_same_seed_same_pixels_other_seed_others() -> None:
    first, again, other = _frames(SHORT), _frames(SHORT), _frames(SHORT, seed=2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("shows", sorted(SCENES))
def test_every_scene_moves_and_has_the_planned_size(shows: str) -> None:
    frames = _frames(replace(SHORT, shows=shows, seconds=0.5))
    assert len(frames) == 15
    assert {(frame.shape, frame.dtype.str) for frame in frames} == {((256, 340, 3), "|u1")}
    moved = np.abs(frames[0].astype(int) - frames[-1])
    assert 0.5 < moved.mean() < 80
    assert frames[0].std() > 10


@pytest.mark.parametrize(("fps", "size"), [(15, (340, 256)), (60, (256, 340)), (25, (1280, 720))])
def test_frame_rate_and_size(fps: int, size: tuple[int, int]) -> None:
    frames = _frames(replace(SHORT, fps=fps, size=size, render_size=size))
    assert len(frames) == round(0.3 * fps)
    assert frames[0].shape == (size[1], size[0], 3)


def test_a_copy_shows_its_originals_frames_scaled() -> None:
    original = _frames(SHORT)[4]
    copy = _frames(replace(SHORT, index=9, size=(284, 214)))[4]
    grown = cv2.resize(copy, (340, 256), interpolation=cv2.INTER_LINEAR)
    assert structural_similarity(original, grown, channel_axis=2) > 0.75
    stranger = _frames(replace(SHORT, content=7))[4]
    assert structural_similarity(original, stranger, channel_axis=2) < 0.6


def test_a_title_card_stands_still_until_it_ends() -> None:
    frames = _frames(replace(SHORT, seconds=0.6, card_seconds=0.4))
    assert np.array_equal(frames[0], frames[11])
    assert structural_similarity(frames[0], frames[11], channel_axis=2) == pytest.approx(1.0)
    assert np.abs(frames[12].astype(int) - frames[11]).mean() > 10
    assert np.abs(frames[17].astype(int) - frames[12]).mean() > 0.5


def test_abseilers_go_down_and_climbers_go_up() -> None:
    times = np.arange(80) / 30
    for number in range(8):
        assert _drift(climbing.abseiling, number, times) > 8
        assert _drift(climbing.rock_climbing, number, times) < -8


def test_lookalikes_go_nowhere() -> None:
    times = np.arange(80) / 30
    drifts = [_drift(climbing.lookalike, number, times) for number in range(8)]
    assert max(map(abs, drifts)) < 25
    assert abs(np.mean(drifts)) < 8


def test_selfie_clips_look_alike_and_other_snowboarding_clips_do_not() -> None:
    selfies = _likeness("selfie stick")
    others = _likeness("snowboarding")
    assert selfies > 0.55 > others + 0.1


def _drift(scene: Scene, number: int, times: np.ndarray) -> float:
    """Return how far the last part of the figure moves down, in world units."""
    shot = scene(np.random.default_rng(number), times)
    centre = shot.tracks[-1].points.mean(axis=1)[:, 1]
    return float(centre[-1] - centre[0])


def _likeness(shows: str) -> float:
    """Return the mean correlation of the grey first frames of five clips."""
    frames = [
        cv2.cvtColor(
            _frames(replace(SHORT, shows=shows, content=n, seconds=0.1))[0], cv2.COLOR_RGB2GRAY
        )
        for n in range(5)
    ]
    return float(np.corrcoef([frame.ravel() for frame in frames])[np.triu_indices(5, 1)].mean())
