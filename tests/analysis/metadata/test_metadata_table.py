"""Metadata measures against scikit-image, scipy and scenes whose answers are known."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2gray, rgb2hsv
from skimage.metrics import structural_similarity

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.metadata import clip_metadata
from insight_dagster.analysis.metadata.fields import motion, similarity
from insight_dagster.analysis.metadata.fields.flow import estimate_flow
from insight_dagster.analysis.metadata.fields.measured_frames import (
    MeasuredFrames,
    measuring_size,
    shrink,
)
from insight_dagster.analysis.metadata.fields.thumbnail import signature
from insight_dagster.analysis.metadata.metadata_table import (
    ClipMeasuring,
    measure_clips,
    metadata_version,
)
from insight_dagster.analysis.metadata.user_functions import UserFunction
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.errors import DecodeError, Unreadable
from tests.support.synthetic_frames import measure, moving_square, panning, texture, values_of

SPEC = ClipSpec(num_frames=16, sampling_rate=5, side=256, crop=224)
PAIR_FIELDS = {
    name
    for name in clip_metadata.FIELD_NAMES
    if name.startswith(("ssim", "frame_difference", "foreground", "flow", "motion"))
} | {"camera_motion", "periodicity", "shake", "zoom"}
PAIR_FIELDS |= {"scene_cuts", "cut_strength", "cut_time", "static_share"}


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


def rgb2gray_601(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    assert rgb2gray(frame).shape == frame.shape[:2]
    return frame @ np.array([0.299, 0.587, 0.114])


def encoded_again(clip: NDArray[np.uint8], *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The clip scaled to `size` (width, height) and through JPEG of low quality."""
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


def clip_named(clip_id: str) -> Clip:
    return Clip(
        clip_id=clip_id,
        class_name="surfing",
        content_key=f"content of {clip_id}",
        path=Path(f"/clips/{clip_id}.mp4"),
        start=0.0,
        end=None,
        decoder=None,
    )


class Decoded(dict[str, NDArray[np.uint8]]):
    """Frames by file stem; other files cannot be decoded."""

    def read(self, path: Path, **_: object) -> SimpleNamespace:
        if path.stem not in self:
            raise DecodeError(f"{path}: no video stream")
        frames = self[path.stem]
        return SimpleNamespace(frames=frames, timestamps=np.arange(len(frames)) / 6)


@pytest.fixture
def decoded() -> Decoded:
    return Decoded()


class TestMeasureClips:
    def test_rows_follow_the_order_asked_for_and_the_schema(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abcd", 1)})
        table = measure_clips([clip_named(n) for n in "dbca"], spec=SPEC, decode=decoded.read).table
        assert table.column_names == list(tables.METADATA_TABLE.column_names)
        assert table["clip_id"].to_pylist() == list("dbca")
        assert table["content_key"].to_pylist()[0] == "content of d"
        motions = table["camera_motion"].to_pylist()
        assert motions[0] > motions[2] > motions[1] > motions[3]

    def test_a_clip_that_cannot_be_decoded_is_a_problem_not_a_failure(
        self, decoded: Decoded
    ) -> None:
        decoded["good"] = panning(step=2, frames=3)
        result = measure_clips(
            [clip_named("bad"), clip_named("good")], spec=SPEC, decode=decoded.read
        )
        assert result.table["clip_id"].to_pylist() == ["good"]
        assert result.problems == {"bad": "/clips/bad.mp4: no video stream"}

    def test_rows_do_not_depend_on_the_number_of_threads(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abcdef", 1)})
        clips = [clip_named(name) for name in "abcdef"]
        one, three = (
            measure_clips(clips, spec=SPEC, decode=decoded.read, workers=n).table for n in (1, 3)
        )
        assert one.equals(three)

    def test_every_clip_has_its_numbers_over_time(self, decoded: Decoded) -> None:
        decoded.update({"long": panning(step=2, frames=5), "single": panning(step=2, frames=1)})
        found = measure_clips(
            [clip_named("long"), clip_named("single")], spec=SPEC, decode=decoded.read
        )
        assert found.frames.column_names == list(tables.METADATA_FRAMES.column_names)
        long, single = found.frames.to_pylist()
        assert long["timestamps"] == pytest.approx(np.arange(5) / 6)
        for column in tables.METADATA_FRAME_SERIES:
            assert (len(long[column.name]), len(single[column.name])) == (5, 1), column.name
        for column in tables.METADATA_PAIR_SERIES:
            assert (len(long[column.name]), len(single[column.name])) == (4, 0), column.name
        assert [long["shake"][0], long["shake"][-1]] == [None, None]

    def test_functions_of_the_user_are_stored_beside_the_fields(self, decoded: Decoded) -> None:
        decoded.update({"dark": panning(step=2) // 2, "good": panning(step=2)})

        def sky(frames: NDArray[np.uint8], _: NDArray[np.float64]) -> dict[str, float]:
            if frames.max() < 130:
                raise ValueError("too dark")
            return {"blue": float(frames[:, :40, :, 2].mean())}

        functions = (UserFunction("sky", "1.2", sky),)
        clips = [clip_named("good"), clip_named("dark"), clip_named("bad")]
        found = measure_clips(clips, spec=SPEC, decode=decoded.read, functions=functions)
        rows = found.table.to_pylist()
        assert [dict(row["extra"]) for row in rows] == [
            {"sky.blue": pytest.approx(decoded["good"][:, :40, :, 2].mean())},
            {},
        ]
        assert set(found.problems) == {"bad"}
        assert found.function_problems == {
            "sky": "failed on 1 of 2 clips; first on /clips/dark.mp4: ValueError: too dark"
        }
        assert rows[0]["metadata_version"].endswith("+sky@1.2")
        assert rows[0]["metadata_version"] != metadata_version(SPEC, ())

    def test_repeated_frames_of_a_short_clip_are_measured_once(self) -> None:
        frames = panning(step=4, frames=3)
        window = SimpleNamespace(
            frames=np.repeat(frames, 4, axis=0), timestamps=np.repeat([0.0, 0.1, 0.2], 4)
        )
        measured = measure_clips([clip_named("short")], spec=SPEC, decode=lambda *_, **__: window)
        row = measured.table.to_pylist()[0]
        assert row["ssim_max"] == pytest.approx(measure(frames).values["ssim_max"])
        assert row["ssim_max"] < 0.9

    def test_progress_counts_every_clip_once(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        ticks: list[int] = []
        measure_clips(
            [clip_named("a"), clip_named("bad")],
            spec=SPEC,
            decode=decoded.read,
            progress=ticks.append,
        )
        assert sum(ticks) == 2

    def test_copies_of_a_content_are_measured_once(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        copy = replace(clip_named("a"), clip_id="copy of a")
        read: list[Path] = []

        def decode(path: Path, **asked: object) -> SimpleNamespace:
            read.append(path)
            return decoded.read(path, **asked)

        table = measure_clips([clip_named("a"), copy], spec=SPEC, decode=decode).table
        assert len(read) == 1
        assert table["clip_id"].to_pylist() == ["a", "copy of a"]
        one, other = table.drop_columns("clip_id").to_pylist()
        assert one == other

    def test_what_others_decoded_is_not_decoded_again(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abc", 1)})
        clips = [clip_named(name) for name in ("a", "b", "bad", "c")]
        alone = measure_clips(clips, spec=SPEC, decode=decoded.read)
        measuring = ClipMeasuring(clips, SPEC)
        measuring.add(clips[1], decoded.read(clips[1].path))
        measuring.add(clips[2], Unreadable("/clips/bad.mp4: no video stream"))
        measuring.add(clip_named("of another"), decoded.read(clips[0].path))
        read: list[str] = []

        def decode(path: Path, **asked: object) -> SimpleNamespace:
            read.append(path.stem)
            return decoded.read(path, **asked)

        shared = measuring.finish(decode=decode)
        assert sorted(read) == ["a", "c"]
        assert shared == alone

    def test_no_clips_give_an_empty_table_with_all_columns(self) -> None:
        result = measure_clips([], spec=SPEC)
        assert result.table.num_rows == 0
        assert result.table.column_names == list(tables.METADATA_TABLE.column_names)

    def test_opencv_gets_its_threads_back(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        before, active = cv2.getNumThreads(), threading.active_count()
        measure_clips([clip_named("a")], spec=SPEC, decode=decoded.read)
        assert cv2.getNumThreads() == before
        assert threading.active_count() == active


def test_grey_and_colour_of_different_frames_are_refused() -> None:
    grey = np.zeros((2, 8, 8), np.uint8)
    with pytest.raises(ValueError, match=r"\(2, 8, 8\)"):
        MeasuredFrames(np.zeros((3, 8, 8, 3), np.uint8), grey, grey, np.arange(2.0))


def test_timestamps_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="increasing timestamps"):
        clip_metadata.measure(np.zeros((2, 40, 40, 3), np.uint8), np.zeros(2))
