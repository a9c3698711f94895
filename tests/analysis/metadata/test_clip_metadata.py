"""All metadata of one clip: the table's fields, defined for every kind of clip."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.metadata import clip_metadata
from insight_dagster.analysis.metadata.fields.measured_frames import measuring_size
from tests.support.synthetic_frames import measure, moving_square, panning, texture

PAIR_FIELDS = {
    name
    for name in clip_metadata.FIELD_NAMES
    if name.startswith(("ssim", "frame_difference", "foreground", "flow", "motion"))
} | {"camera_motion", "periodicity", "shake", "zoom"}
PAIR_FIELDS |= {"scene_cuts", "cut_strength", "cut_time", "static_share"}


class TestMeasure:
    def test_fields_are_those_of_the_table_in_its_order(self) -> None:
        names = [column.name for column in tables.METADATA_FIELDS]
        assert list(measure(panning(step=2)).values) == names

    def test_a_static_clip_is_similar_still_and_defined(self) -> None:
        values = measure(np.stack([texture(100, 120, seed=1)] * 16)).values
        for name in ("ssim_mean", "ssim_min", "ssim_max"):
            assert values[name] == pytest.approx(1, abs=1e-6)
        for name in ("frame_difference_mean", "foreground_ratio", "camera_motion"):
            assert values[name] == 0
        for name in ("motion_entropy", "periodicity", "foreground_ratio_uncompensated"):
            assert values[name] == 0
        assert values["motion_centre_x"] is None

    def test_a_black_clip_is_defined(self) -> None:
        values = measure(np.zeros((16, 64, 64, 3), np.uint8)).values
        undefined = {name for name, value in values.items() if value is None}
        centre = {"motion_centre_x", "motion_centre_y"}
        assert undefined == centre | {"letterbox", "pillarbox", "cut_time"}

    def test_a_single_frame_has_no_pair_measures(self) -> None:
        values = measure(texture(100, 120, seed=1)[None]).values
        assert {name for name, value in values.items() if value is None} == PAIR_FIELDS

    @pytest.mark.parametrize("size", [(1, 1), (8, 300), (5, 5), (2160, 16), (31, 33)])
    def test_odd_sizes_are_measured(self, size: tuple[int, int]) -> None:
        clip = np.random.default_rng(0).integers(0, 255, (3, *size, 3), dtype=np.uint8)
        assert all(v is None or np.isfinite(v) for v in measure(clip).values.values())

    def test_measuring_size_keeps_the_aspect_ratio_and_small_frames(self) -> None:
        assert measuring_size(height=720, width=1280) == (256, 455)
        assert measuring_size(height=1280, width=720) == (455, 256)
        assert measuring_size(height=240, width=320) == (240, 320)

    @pytest.mark.parametrize(
        "frames",
        [np.zeros((0, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.uint8), np.zeros((1, 8, 8, 3))],
    )
    def test_other_arrays_are_refused_with_their_shape(self, frames: NDArray) -> None:
        with pytest.raises(ValueError, match=r"\(0, 8, 8, 3\)|\(2, 8, 8\)|float64"):
            measure(frames)

    def test_the_frames_are_not_changed(self) -> None:
        clip = moving_square()
        before = clip.copy()
        measure(clip)
        np.testing.assert_array_equal(clip, before)


def test_timestamps_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="increasing timestamps"):
        clip_metadata.measure(np.zeros((2, 40, 40, 3), np.uint8), np.zeros(2))
