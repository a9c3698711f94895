"""Cuts, static pairs, shake and zoom of clips in which they are planted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields import camera_motion as camera
from insight_dagster.analysis.metadata.fields import scene_cuts as scenes
from insight_dagster.analysis.metadata.fields.scene_cuts import find_cuts
from tests.support.synthetic_frames import measure, moving_square, panning, texture


def wandering(path: NDArray[np.int_]) -> NDArray[np.uint8]:
    """Film a still texture with a camera of 340 x 256 at `path` (T, 2), in columns and rows."""
    wide = texture(400, 500, seed=7)
    return np.stack([wide[row : row + 256, column : column + 340] for column, row in path])


def steps(*sizes: tuple[int, int]) -> NDArray[np.int_]:
    return 60 + np.concatenate([[(0, 0)], np.cumsum(sizes, axis=0)])


class TestCuts:
    @pytest.mark.parametrize("scale", [1.0, 3.0, 12.0])
    def test_a_planted_cut_is_found_with_its_time(self, scale: float) -> None:
        shots = [texture(120, 200, seed=seed, scale=scale) for seed in (1, 9)]
        clip = np.stack(
            [shots[0][:, 3 * i : 3 * i + 160] for i in range(6)]
            + [shots[1][:, 3 * i : 3 * i + 160] for i in range(4)]
        )
        found = measure(clip, fps=5)
        assert found.values["scene_cuts"] == 1
        assert found.values["cut_time"] == pytest.approx(6 / 5)
        assert found.series["cut_strength"].argmax() == 5
        assert found.values["cut_strength"] > 0.6

    def test_two_cuts_and_the_time_of_the_stronger(self) -> None:
        dim, other, bright = (texture(120, 160, seed=seed) for seed in (1, 2, 3))
        clip = np.stack([dim // 2] * 4 + [other // 2] * 4 + [bright // 2 + 127] * 4)
        values = measure(clip, fps=4).values
        assert (values["scene_cuts"], values["cut_time"]) == (2, 2.0)

    @pytest.mark.parametrize(
        "clip",
        [panning(step=2), panning(step=12), moving_square(pan=4), panning(step=3) // 4],
        ids=["slow pan", "fast pan", "moving square", "dark pan"],
    )
    def test_motion_is_no_cut(self, clip: NDArray[np.uint8]) -> None:
        values = measure(clip).values
        assert (values["scene_cuts"], values["cut_time"]) == (0, None)
        assert values["cut_strength"] < 0.35

    def test_flicker_is_no_row_of_cuts(self) -> None:
        clip = np.random.default_rng(0).integers(0, 255, (8, 120, 160, 3), dtype=np.uint8)
        assert measure(clip).values["scene_cuts"] == 0

    def test_the_rule_by_hand(self) -> None:
        rows = {(0.1, 0.6, 0.1): [False, True, False], (0.4, 0.6, 0.4): [False] * 3, (0.9,): [True]}
        for strength, expected in rows.items():
            assert find_cuts(np.array(strength)).tolist() == expected

    def test_the_difference_of_random_pixels_is_that_of_all_pairs(self) -> None:
        grey = np.random.default_rng(0).integers(0, 255, (2, 12, 16), dtype=np.uint8)
        pairs = np.abs(grey[0].ravel()[:, None].astype(int) - grey[1].ravel().astype(int))
        assert scenes.random_difference(grey) == pytest.approx([pairs.mean()])


class TestStaticShare:
    def test_a_clip_that_stands_still_for_half_of_its_pairs(self) -> None:
        pan = panning(step=3, frames=8)
        values = measure(np.concatenate([np.stack([pan[0]] * 7), pan])).values
        assert values["static_share"] == pytest.approx(7 / 14)

    @pytest.mark.parametrize("sigma", [0, 3, 8])
    def test_noise_does_not_move(self, sigma: float) -> None:
        still = np.stack([texture(120, 160, seed=4)] * 6).astype(float)
        noise = np.random.default_rng(0).normal(0, sigma, still.shape)
        clip = np.clip(still + noise, 0, 255).astype(np.uint8)
        assert measure(clip).values["static_share"] == 1

    def test_a_small_thing_that_moves_does(self) -> None:
        values = measure(moving_square(side=16, step=4)).values
        assert values["static_share"] == 0


class TestCamera:
    def test_shake_is_the_deviation_of_random_steps(self) -> None:
        path = steps(*np.random.default_rng(0).integers(-4, 5, (14, 2)).tolist())
        moved = np.diff(path, axis=0)
        off = moved[1:-1] - (moved[:-2] + moved[2:]) / 2
        expected = np.sqrt(np.square(off).sum(axis=1).mean() / 1.5) / np.hypot(340, 256)
        assert measure(wandering(path)).values["shake"] == pytest.approx(expected, rel=0.05)

    @pytest.mark.parametrize(
        "path",
        [steps(*[(4, 2)] * 8), steps(*[(speed, 0) for speed in range(1, 9)])],
        ids=["steady", "speeding up"],
    )
    def test_a_smooth_pan_is_no_shake(self, path: NDArray[np.int_]) -> None:
        values = measure(wandering(path)).values
        assert values["shake"] < 0.05 * values["camera_motion"]

    def test_of_independent_steps_it_is_their_deviation(self) -> None:
        path = np.random.default_rng(0).normal(0, 0.02, (20_000, 2))
        found = camera.shake(path, np.zeros(len(path), bool))[1:-1]
        assert np.sqrt(np.square(found).mean()) == pytest.approx(np.sqrt(2) * 0.02, rel=0.02)

    def test_cuts_and_short_clips_do_not_shake(self) -> None:
        shots = np.concatenate([panning(step=3, seed=1), panning(step=3, seed=9)])
        found = measure(shots)
        assert np.isnan(found.series["shake"][6:9]).all()
        assert found.values["shake"] < 0.001
        assert measure(panning(step=3, frames=3)).values["shake"] is None

    @pytest.mark.parametrize("factor", [0.97, 1.0, 1.02])
    @pytest.mark.parametrize("fps", [6.0, 12.0])
    def test_zoom_is_the_log_scale_a_second(self, factor: float, fps: float) -> None:
        still = texture(256, 340, seed=4)
        zooms = [cv2.getRotationMatrix2D((170, 128), 0, factor**i) for i in range(6)]
        clip = [cv2.warpAffine(still, zoom, (340, 256), borderMode=4) for zoom in zooms]
        found = measure(np.stack(clip), fps=fps)
        assert found.values["zoom"] == pytest.approx(np.log(factor) * fps, rel=0.1, abs=0.002)
        assert found.series["zoom"] == pytest.approx(found.values["zoom"], rel=0.2, abs=0.01)

    def test_no_zoom_where_every_pair_is_a_cut(self) -> None:
        clip = np.stack([texture(120, 160, seed=seed, scale=12) for seed in (1, 9)])
        values = measure(clip).values
        assert (values["scene_cuts"], values["zoom"], values["shake"]) == (1, None, None)
