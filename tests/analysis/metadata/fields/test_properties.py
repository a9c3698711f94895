"""Properties of any clip's metadata: ranges, and invariance under changes of the clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from insight_dagster import tables
from tests.support.synthetic_frames import measure, moving_square, panning, texture

CLIPS = st.tuples(
    st.integers(0, 10_000),  # seed
    st.integers(1, 7),  # frames
    st.integers(20, 70),  # height
    st.integers(20, 90),  # width
    st.sampled_from([0.5, 2.0, 8.0]),  # grain
    st.integers(0, 3),  # px a frame
    st.sampled_from([0, 4, 40]),  # deviation of noise
)
UNITS = {"0-1": (0.0, 1.0), "0-255": (0.0, 255.0), "grey levels": (0.0, 1020.0)}
RANGES = {
    **dict.fromkeys(("ssim_mean", "ssim_min", "ssim_max"), (-1.0, 1.0)),
    "scene_cuts": (0.0, 15.0),
    "zoom": (-np.inf, np.inf),
}
quick = settings(max_examples=25, deadline=None, derandomize=True)


def clip_of(shape: tuple[int, int, int, int, float, int, int]) -> NDArray[np.uint8]:
    seed, frames, height, width, grain, step, sigma = shape
    wide = texture(height, width + step * frames, seed=seed, scale=grain).astype(float)
    clip = np.stack([wide[:, i * step : i * step + width] for i in range(frames)])
    clip += np.random.default_rng(seed).normal(0, sigma, clip.shape)
    return np.clip(clip, 0, 255).astype(np.uint8)


def test_every_field_and_array_is_defined_on_the_page() -> None:
    page = (Path(__file__).parents[4] / "docs" / "explanation" / "metadata.md").read_text(
        encoding="utf-8"
    )
    series = (*tables.METADATA_FRAME_SERIES, *tables.METADATA_PAIR_SERIES)
    short = {"flow_magnitude_std": "`_std`", "flow_magnitude_max": "`_max`"}
    for column in (*tables.METADATA_FIELDS, *series):
        assert short.get(column.name, f"`{column.name}`") in page, column.name


@quick
@given(shape=CLIPS)
def test_every_value_is_in_the_range_of_its_unit(shape: tuple) -> None:
    found = measure(clip_of(shape))
    for column in tables.METADATA_FIELDS:
        value = found.values[column.name]
        if value is not None:
            low, high = RANGES.get(column.name, UNITS.get(column.unit, (0.0, np.inf)))
            assert low - 1e-9 <= value <= high + 1e-9, column.name


@quick
@given(shape=CLIPS)
def test_a_clip_is_the_mean_of_its_frames_and_pairs(shape: tuple) -> None:
    found = measure(clip_of(shape))
    for column in tables.METADATA_FRAME_SERIES:
        mean = found.series[column.name].mean()
        assert found.values[column.name] == pytest.approx(mean, rel=1e-6), column.name
    if shape[1] > 1:
        for name in ("ssim", "frame_difference", "flow_magnitude"):
            mean = found.series[name].mean()
            assert found.values[f"{name}_mean"] == pytest.approx(mean, rel=1e-5), name
        for name in ("foreground_ratio", "foreground_ratio_uncompensated", "camera_motion"):
            assert found.values[name] == pytest.approx(found.series[name].mean()), name
        assert found.values["cut_strength"] == found.series["cut_strength"].max()


@quick
@given(shape=CLIPS)
def test_where_frames_lie_in_memory_does_not_matter(shape: tuple) -> None:
    clip = clip_of(shape)
    room = np.empty(clip.size + 1, np.uint8)
    moved = room[1:].reshape(clip.shape)
    moved[:] = clip
    assert measure(moved).values == measure(clip).values


@quick
@given(shape=CLIPS)
def test_the_order_of_the_colours_of_a_grey_clip_does_not_matter(shape: tuple) -> None:
    grey = clip_of(shape)[..., :1].repeat(3, axis=-1)
    assert measure(np.ascontiguousarray(grey[..., ::-1])).values == measure(grey).values


@pytest.mark.parametrize("clip", [panning(step=3), moving_square(pan=2)], ids=["pan", "square"])
class TestInvariance:
    def test_swapped_colours_swap_their_means_alone(self, clip: NDArray[np.uint8]) -> None:
        one, two = measure(clip).values, measure(np.ascontiguousarray(clip[..., ::-1])).values
        assert (one["mean_red"], one["mean_blue"]) == (two["mean_blue"], two["mean_red"])
        assert one["mean_green"] == two["mean_green"]
        assert one["saturation"] == pytest.approx(two["saturation"], abs=1e-3)

    def test_doubled_grey_levels(self, clip: NDArray[np.uint8]) -> None:
        dim, bright = measure(clip // 2).values, measure(clip // 2 * 2).values
        # Luma is rounded to whole levels, which is twice as coarse at half the brightness.
        for name in ("mean_red", "mean_green", "mean_blue", "brightness", "contrast"):
            assert bright[name] == pytest.approx(2 * dim[name], abs=1), name
        for name in ("total_variation", "frame_difference_mean"):
            assert bright[name] == pytest.approx(2 * dim[name], rel=0.05), name
        assert bright["sharpness"] == pytest.approx(4 * dim["sharpness"], rel=0.2)
        assert bright["saturation"] == pytest.approx(dim["saturation"], abs=0.01)
        assert bright["foreground_ratio_uncompensated"] == pytest.approx(
            dim["foreground_ratio_uncompensated"], abs=0.02
        )
        assert bright["camera_motion"] == pytest.approx(dim["camera_motion"], rel=0.05)

    def test_played_backwards(self, clip: NDArray[np.uint8]) -> None:
        forth, back = measure(clip), measure(clip[::-1].copy())
        for name in ("ssim", "frame_difference", "foreground_ratio_uncompensated", "moving_share"):
            np.testing.assert_allclose(back.series[name], forth.series[name][::-1], atol=1e-6)
        for name in (column.name for column in tables.METADATA_FRAME_SERIES):
            np.testing.assert_allclose(back.series[name], forth.series[name][::-1], atol=1e-6)
        assert back.values["camera_motion"] == pytest.approx(
            forth.values["camera_motion"], rel=0.05
        )

    def test_mirrored(self, clip: NDArray[np.uint8]) -> None:
        one, two = measure(clip).values, measure(clip[:, :, ::-1].copy()).values
        assert two["motion_centre_x"] == pytest.approx(1 - one["motion_centre_x"], abs=0.02)
        for name in ("sharpness", "total_variation", "brightness", "noise", "ssim_mean"):
            assert two[name] == pytest.approx(one[name], rel=1e-4), name
        for name in ("foreground_ratio", "text_share", "blockiness"):
            assert two[name] == pytest.approx(one[name], abs=0.03), name

    def test_played_twice_as_fast(self, clip: NDArray[np.uint8]) -> None:
        slow, fast = measure(clip, fps=5).values, measure(clip, fps=10).values
        assert fast["zoom"] == pytest.approx(2 * slow["zoom"])
        assert {k: v for k, v in slow.items() if k != "zoom"} == {
            k: v for k, v in fast.items() if k != "zoom"
        }
