"""Measures of single frames, against numpy, scipy and scikit-image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2gray, rgb2hsv

from tests.support.synthetic_frames import texture, values_of


def rgb2gray_601(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    assert rgb2gray(frame).shape == frame.shape[:2]
    return frame @ np.array([0.299, 0.587, 0.114])


class TestAppearance:
    clip = np.stack([texture(90, 120, seed=7), texture(90, 120, seed=8, scale=1.5)])

    def test_colour_fields_equal_numpy_and_scikit_image(self) -> None:
        values = values_of(self.clip)
        luma = np.stack([rgb2gray_601(frame) for frame in self.clip])
        for channel, name in enumerate(("mean_red", "mean_green", "mean_blue")):
            assert values[name] == pytest.approx(self.clip[..., channel].mean(), abs=1e-6)
        assert values["brightness"] == pytest.approx(luma.mean(), abs=0.5)
        assert values["contrast"] == pytest.approx(np.mean([f.std() for f in luma]), abs=0.05)
        saturations = [rgb2hsv(frame)[..., 1].mean() for frame in self.clip]
        assert values["saturation"] == pytest.approx(np.mean(saturations), abs=2e-3)

    def test_detail_fields_equal_scipy(self) -> None:
        values = values_of(self.clip)
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(float) for frame in self.clip]
        sharpness = [ndimage.laplace(frame, mode="mirror").var() for frame in grey]
        variation = [
            (np.abs(np.diff(f, axis=0)).sum() + np.abs(np.diff(f, axis=1)).sum()) / f.size
            for f in grey
        ]
        assert values["sharpness"] == pytest.approx(np.mean(sharpness), rel=1e-6)
        assert values["total_variation"] == pytest.approx(np.mean(variation), rel=1e-6)

    def test_edges_of_a_bright_square(self) -> None:
        clip = np.zeros((1, 100, 100, 3), np.uint8)
        clip[:, 30:70, 30:70] = 255
        assert values_of(clip)["edge_density"] == pytest.approx(160 / 10_000, abs=16 / 10_000)

    def test_blur_lowers_sharpness_variation_and_edges(self) -> None:
        sharp = texture(90, 120, seed=7, scale=1)[None]
        blurred = cv2.GaussianBlur(sharp[0], (9, 9), 3)[None]
        before, after = values_of(sharp), values_of(blurred)
        for name in ("sharpness", "total_variation", "edge_density"):
            assert after[name] < 0.5 * before[name]
