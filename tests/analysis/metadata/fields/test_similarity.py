"""SSIM, grey differences and changed pixels, against scikit-image and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from insight_dagster.analysis.metadata.fields import similarity
from tests.support.synthetic_frames import texture, values_of


class TestSimilarity:
    @pytest.mark.parametrize("shape", [(97, 131), (256, 340), (32, 32)])
    def test_ssim_equals_scikit_image(self, shape: tuple[int, int]) -> None:
        rng = np.random.default_rng(0)
        base = texture(*shape, seed=5)[..., 0].astype(float)
        frames = [base + rng.normal(0, noise, shape) for noise in (0, 2, 20, 60)]
        grey = np.stack([np.clip(frame, 0, 255).astype(np.uint8) for frame in frames])
        expected = [structural_similarity(grey[i], grey[i + 1], data_range=255) for i in range(3)]
        assert np.ptp(expected) > 0.3
        np.testing.assert_allclose(similarity.consecutive_ssim(grey), expected, atol=1e-5)

    def test_ssim_equals_scikit_image_on_flat_bright_frames(self) -> None:
        grey = np.full((2, 64, 64), 250, np.uint8)
        grey[1, 30:34] += 3
        expected = structural_similarity(grey[0], grey[1], data_range=255)
        np.testing.assert_allclose(similarity.consecutive_ssim(grey), [expected], atol=1e-5)

    def test_grey_difference_by_hand(self) -> None:
        clip = np.zeros((3, 64, 64, 3), np.uint8)
        clip[1] = 10
        clip[2] = 40
        values = values_of(clip)
        assert values["frame_difference_mean"] == pytest.approx(20)
        assert values["frame_difference_std"] == pytest.approx(10)

    def test_changed_share_counts_pixels_above_twenty_levels_after_stretching(self) -> None:
        grey = np.full((2, 40, 40), 100, np.uint8)
        grey[:, 0, 0], grey[:, 0, 1] = 50, 152  # a range of 102 is stretched by 2.5
        grey[1, 10:20, 10:20] += 9  # 22.5 levels after stretching: changed
        grey[1, 25:35, 25:35] += 8  # exactly 20: not above
        assert list(similarity.changed_share(grey)) == pytest.approx([100 / 1600])

    def test_changed_share_of_one_grey_level_is_zero(self) -> None:
        assert list(similarity.changed_share(np.full((3, 40, 40), 7, np.uint8))) == [0, 0]
