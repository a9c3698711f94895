"""Motion of the camera and of the scene, in clips whose motion is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from insight_dagster.analysis.metadata.fields import motion
from insight_dagster.analysis.metadata.fields.flow import estimate_flow
from insight_dagster.analysis.metadata.fields.measured_frames import shrink
from tests.support.synthetic_frames import moving_square, panning, texture, values_of


class TestMotion:
    @pytest.mark.parametrize("step", [2, 5])
    def test_a_pan_is_camera_motion_and_no_foreground(self, step: int) -> None:
        values = values_of(panning(step=step))
        assert values["camera_motion"] == pytest.approx(step / 200, rel=0.05)
        assert values["flow_magnitude_mean"] == pytest.approx(step / 200, rel=0.1)
        assert values["foreground_ratio"] < 0.02
        assert values["foreground_ratio_uncompensated"] > 0.2
        assert values["motion_entropy"] < 0.15

    def test_a_zoom_is_camera_motion_and_no_foreground(self) -> None:
        still = texture(120, 160, seed=4)
        zooms = [cv2.getRotationMatrix2D((80, 60), 0.5 * i, 1.02**i) for i in range(6)]
        clip = [cv2.warpAffine(still, zoom, (160, 120), borderMode=4) for zoom in zooms]
        values = values_of(np.stack(clip))
        assert values["foreground_ratio"] < 0.03
        assert values["camera_motion"] < 0.002
        assert values["motion_entropy"] > 0.9

    @pytest.mark.parametrize("pan", [0, 4])
    @pytest.mark.parametrize("side", [40, 64, 96])
    def test_a_moving_square_is_the_foreground(self, side: int, pan: int) -> None:
        values = values_of(moving_square(side=side, pan=pan))
        diagonal = np.hypot(340, 256)
        assert values["foreground_ratio"] == pytest.approx(
            side**2 / (340 * 256), rel=0.3, abs=0.011
        )
        assert values["camera_motion"] == pytest.approx(pan / diagonal, rel=0.02, abs=1e-4)

    def test_the_motion_centre_is_that_of_the_square(self) -> None:
        values = values_of(moving_square())
        assert values["motion_centre_x"] == pytest.approx((60 + 15 + 32) / 340, abs=0.02)
        assert values["motion_centre_y"] == pytest.approx((80 + 32) / 256, abs=0.02)

    def test_flat_areas_are_not_foreground_when_the_camera_pans(self) -> None:
        wide = texture(120, 220, seed=6)
        wide[:60] = 200
        clip = np.stack([wide[:, 5 * i : 5 * i + 160] for i in range(8)])
        assert values_of(clip)["foreground_ratio"] < 0.06

    def test_sampled_flow_has_the_statistics_of_the_full_flow(self) -> None:
        frames = shrink(moving_square(), np.arange(6.0))
        search = cv2.DISOpticalFlow_create(cv2.DISOpticalFlow_PRESET_FAST)
        search.setVariationalRefinementIterations(0)
        full = np.stack([search.calc(*frames.grey[i : i + 2], None) for i in range(5)])
        lengths = np.linalg.norm(full, axis=-1) / np.hypot(340, 256)
        values = motion.motion(estimate_flow(frames)).values
        assert values["flow_magnitude_mean"] == pytest.approx(lengths.mean(), rel=0.01)
        assert values["flow_magnitude_std"] == pytest.approx(lengths.std(), rel=0.01)
        largest = max(np.percentile(pair, 99) for pair in lengths)
        assert values["flow_magnitude_max"] == pytest.approx(largest, rel=0.02)

    def test_motion_is_measured_in_shares_of_the_diagonal(self) -> None:
        clip = panning(step=4)
        doubled = np.stack([cv2.resize(frame, (320, 240)) for frame in clip])
        for name in ("camera_motion", "flow_magnitude_mean"):
            assert values_of(doubled)[name] == pytest.approx(values_of(clip)[name], rel=0.05)

    def test_direction_entropy_of_known_histograms(self) -> None:
        right = np.zeros((1, 4, 4, 2), np.float32)
        right[..., 0] = 0.01
        half_left = right.copy()
        half_left[:, :2, :, 0] = -0.01
        for vectors, expected in ((right, 0.0), (half_left, np.log(2) / np.log(8))):
            lengths = np.linalg.norm(vectors, axis=-1)
            weights = motion.direction_weights(vectors, lengths)
            assert motion.entropy(weights)[0] == pytest.approx(expected, abs=1e-6)

    def test_a_wobble_around_one_direction_is_one_direction(self) -> None:
        angles = np.random.default_rng(0).uniform(-0.3, 0.3, 500)
        vectors = np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32)[None, None]
        weights = motion.direction_weights(vectors, np.ones((1, 1, 500), np.float32))
        assert motion.entropy(weights)[0] == 0

    def test_periodicity_of_a_wave_is_high_and_of_ramp_or_noise_low(self) -> None:
        time = np.arange(15)
        wave = 0.02 + 0.01 * np.sin(2 * np.pi * time / 5)
        noise = [np.random.default_rng(seed).normal(0.02, 0.01, 15) for seed in range(50)]
        assert motion.periodicity(wave) == pytest.approx(2 / 3, abs=0.1)
        assert motion.periodicity(0.001 * time) == 0
        assert np.median([motion.periodicity(each) for each in noise]) < 0.4
