"""The signature: equal for copies of a clip, different for another take."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.thumbnail import signature
from tests.support.synthetic_frames import measure, moving_square, texture


def encoded_again(clip: NDArray[np.uint8], *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the clip scaled to `size` (width, height) and compressed as JPEG of low quality."""
    shrunk = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in clip]
    packed = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 40])[1] for frame in shrunk]
    return np.stack([cv2.imdecode(each, cv2.IMREAD_COLOR) for each in packed])


class TestSignature:
    def test_it_survives_scaling_and_encoding_but_not_another_take(self) -> None:
        clip = moving_square(step=2, scale=15)
        other_take = moving_square(step=9, pan=2, scale=15)
        own = measure(clip).signature.astype(int)
        again = measure(encoded_again(clip, size=(226, 170))).signature
        other = measure(other_take).signature
        assert np.abs(own - again).mean() < 1
        assert np.abs(own - other).mean() > 3 * np.abs(own - again).mean()

    def test_it_is_in_time_order(self) -> None:
        grey = np.repeat(np.arange(0, 160, 10, dtype=np.uint8), 40 * 40).reshape(16, 40, 40)
        steps = signature(grey).reshape(8, 12, 16)[:, 0, 0]
        assert list(steps) == sorted(steps)
        assert (steps[0], steps[-1]) == (0, 150)

    def test_short_clips_have_the_same_length(self) -> None:
        assert measure(texture(40, 40, seed=1)[None]).signature.shape == (1536,)
