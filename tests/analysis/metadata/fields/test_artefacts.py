"""Noise, blocks, bars and text: planted ones are measured, look-alikes are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, signal

from insight_dagster.analysis.metadata.fields import artefacts
from insight_dagster.analysis.metadata.fields.measured_frames import shrink
from insight_dagster.analysis.metadata.fields.text_regions import text_share
from tests.support.synthetic_frames import measure, panning, texture


def noisy(sigma: float, *, frames: int = 4) -> NDArray[np.uint8]:
    """Return smooth grey frames of 340 x 256 with white noise."""
    smooth = texture(256, 340, seed=3, scale=12)[..., 1].astype(float)
    noise = np.random.default_rng(0).normal(0, sigma, (frames, 256, 340))
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=-1)


def jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))


def detailed() -> NDArray[np.uint8]:
    noise = np.random.default_rng(1).normal(0, 3, (256, 340))
    return np.clip(texture(256, 340, seed=5, scale=4)[..., 0] + noise, 0, 255).astype(np.uint8)


class TestNoise:
    @pytest.mark.parametrize("sigma", [2, 5, 10, 20])
    def test_planted_white_noise_is_measured_within_three_percent(self, sigma: float) -> None:
        assert measure(coloured(noisy(sigma))).values["noise"] == pytest.approx(sigma, rel=0.03)

    def test_it_is_the_published_formula(self) -> None:
        grey = detailed()
        mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
        response = np.abs(signal.convolve2d(grey.astype(float), mask, mode="valid")).sum()
        expected = np.sqrt(np.pi / 2) * response / (6 * 338 * 254)
        assert artefacts.noise(grey) == pytest.approx(expected, rel=1e-9)

    def test_large_frames_are_measured_as_decoded(self) -> None:
        flat = np.full((720, 1280), 128.0)
        noise = np.random.default_rng(0).normal(0, 8, (2, *flat.shape))
        clip = coloured((flat + noise).round().astype(np.uint8))
        assert shrink(clip, np.arange(2.0)).native.shape == (2, 512, 512)
        assert measure(clip).values["noise"] == pytest.approx(8, rel=0.03)


class TestBlockiness:
    def test_it_grows_as_the_quality_falls(self) -> None:
        found = [
            artefacts.blockiness(jpeg(detailed(), q)[None])[0] for q in (95, 75, 50, 30, 15, 5)
        ]
        assert found == sorted(found)
        assert found[0] < 0.1
        assert found[2] > 0.2
        assert found[-1] > 1

    @pytest.mark.parametrize("frame", [detailed(), noisy(5)[0], np.full((64, 64), 9, np.uint8)])
    def test_frames_without_blocks_have_next_to_none(self, frame: NDArray[np.uint8]) -> None:
        assert artefacts.blockiness(frame[None])[0] < 0.07

    def test_a_grid_of_known_steps(self) -> None:
        levels = np.random.default_rng(0).choice([100, 110], (16, 16)).repeat(8, 0).repeat(8, 1)
        grey = levels.astype(np.uint8)
        across = np.abs(np.diff(levels[::8, ::8].astype(float), axis=1)).mean(axis=0)
        down = np.abs(np.diff(levels[::8, ::8].astype(float), axis=0)).mean(axis=1)
        expected = (np.median(across) + np.median(down)) / 2 / 0.5
        assert artefacts.blockiness(grey[None])[0] == pytest.approx(expected)

    def test_the_grid_is_found_where_frames_were_cropped_or_turned(self) -> None:
        grey = jpeg(detailed(), 30)
        whole = artefacts.blockiness(grey[None])[0]
        for changed in (grey[3:, 5:], np.rot90(grey[:-2]).copy()):
            assert artefacts.blockiness(changed[None])[0] == pytest.approx(whole, rel=0.1)

    def test_edges_of_the_scene_are_no_grid(self) -> None:
        grey = detailed()
        grey[:, 160:] = np.minimum(grey[:, 160:].astype(int) + 80, 255)
        assert artefacts.blockiness(grey[None])[0] < 0.07

    def test_large_frames_keep_their_grid(self) -> None:
        large = cv2.resize(detailed(), (1360, 1024), interpolation=cv2.INTER_CUBIC)
        noise = np.random.default_rng(2).normal(0, 3, large.shape)
        packed = jpeg(np.clip(large + noise, 0, 255).astype(np.uint8), 20)
        assert measure(coloured(packed[None])).values["blockiness"] > 0.3


class TestBars:
    clip = np.stack([texture(256, 340, seed=seed) for seed in range(4)])

    def barred(self, *, rows: int = 0, columns: int = 0) -> NDArray[np.uint8]:
        clip, dark = self.clip.copy(), np.random.default_rng(0).integers(0, 17, self.clip.shape)
        inside = np.zeros((256, 340), bool)
        inside[rows : 256 - rows, columns : 340 - columns] = True
        clip[:, ~inside] = dark[:, ~inside]
        return clip

    def test_planted_bars_are_measured_to_a_line(self) -> None:
        for rows, columns in ((0, 0), (32, 0), (0, 43), (20, 60)):
            values = measure(self.barred(rows=rows, columns=columns)).values
            assert values["letterbox"] == pytest.approx(2 * rows / 256, abs=1 / 256)
            assert values["pillarbox"] == pytest.approx(2 * columns / 340, abs=1 / 340)

    def test_bars_of_one_frame_are_no_bars(self) -> None:
        clip = self.barred(rows=32)
        clip[2] = self.clip[2]
        assert measure(clip).values["letterbox"] == 0

    def test_writing_on_black_is_not_framed_by_bars(self) -> None:
        card = np.zeros((256, 340, 3), np.uint8)
        cv2.putText(card, "the end", (60, 140), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255,) * 3, 2)
        values = measure(np.stack([card] * 3)).values
        assert (values["letterbox"], values["pillarbox"]) == (0, 0)

    def test_a_sky_that_fades_to_black_is_no_bar(self) -> None:
        fade = np.linspace(0, 1, 256)[:, None, None] ** 2
        clip = (self.clip * fade * (self.clip > 100)).astype(np.uint8)
        assert measure(clip).values["letterbox"] == 0


class TestTextRegions:
    def written(self, scale: float, *, background: int = 0, ink: int = 255) -> NDArray[np.uint8]:
        card = np.full((256, 340), background, np.uint8)
        thickness = 1 if scale < 0.8 else 2
        for row, line in enumerate(("written by", "and directed", "in the north")):
            place = (20, 60 + 60 * row)
            cv2.putText(card, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness)
        return card

    @pytest.mark.parametrize("scale", [0.5, 0.8, 1.2])
    @pytest.mark.parametrize(("background", "ink"), [(0, 255), (230, 20)])
    def test_lines_of_writing_cover_their_boxes(
        self, scale: float, background: int, ink: int
    ) -> None:
        card = self.written(scale, background=background, ink=ink)
        boxes = [card[20 + 60 * row : 80 + 60 * row] != background for row in range(3)]
        area = sum(float(np.ptp(np.nonzero(box), axis=1).prod()) for box in boxes)
        assert text_share(card) == pytest.approx(area / card.size, rel=0.45)

    @pytest.mark.parametrize("scale", [1, 3, 12])
    def test_textures_are_no_writing(self, scale: float) -> None:
        grey = cv2.cvtColor(texture(256, 340, seed=1, scale=scale), cv2.COLOR_RGB2GRAY)
        assert text_share(grey) < 0.01

    def test_a_box_and_a_horizon_are_no_writing(self) -> None:
        grey = np.full((256, 340), 40, np.uint8)
        grey[128:] = 200
        grey[40:90, 50:120] = 250
        assert text_share(grey) == 0

    def test_a_single_frame_has_it_too(self) -> None:
        assert measure(coloured(self.written(1.0)[None])).values["text_share"] > 0.05


def test_the_smallest_frames_are_measured_enlarged() -> None:
    frames = shrink(panning(step=1)[:, :20, :20], np.arange(8.0))
    assert frames.native.shape == frames.grey.shape == (8, 32, 32)
    assert ndimage.sobel(frames.native[0].astype(float)).any()
