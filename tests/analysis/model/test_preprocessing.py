from __future__ import annotations

import numpy as np
import pytest
import torch

from insight_dagster.analysis.model.preprocessing import (
    ClipSpec,
    crop_offsets,
    display_squares,
    preprocess,
    preprocess_on,
    scaled_size,
    subsample_indices,
)
from tests.support.pytorchvideo_reference import transform_of

X3D_XS = ClipSpec(num_frames=4, sampling_rate=12, side=182, crop=182)
X3D_S = ClipSpec(num_frames=13, sampling_rate=6, side=182, crop=160)
X3D_M = ClipSpec(num_frames=16, sampling_rate=5, side=256, crop=256)
ODD = ClipSpec(5, 2, side=97, crop=64, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))


def noise(frames: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("spec", [X3D_XS, X3D_S, X3D_M, ODD])
@pytest.mark.parametrize(
    ("frames", "height", "width"),
    [(20, 256, 340), (20, 240, 320), (5, 340, 256), (16, 97, 131), (3, 720, 405), (1, 60, 33)],
)
def test_equals_the_pytorchvideo_transform(
    spec: ClipSpec, frames: int, height: int, width: int
) -> None:
    clip = noise(frames, height, width)
    reference = transform_of(spec)(torch.from_numpy(clip).permute(3, 0, 1, 2).float())
    made = preprocess(clip, spec)
    assert made.dtype == torch.float32
    assert made.permute(1, 2, 3, 0).is_contiguous(), "channels innermost"
    assert made.shape == reference.shape == (3, spec.num_frames, spec.crop, spec.crop)
    torch.testing.assert_close(made, reference, rtol=0, atol=1e-4)


def test_equals_the_pytorchvideo_transform_on_4k() -> None:
    spec = ClipSpec(1, 1, side=256, crop=224)
    clip = noise(1, 2160, 3840)
    reference = transform_of(spec)(torch.from_numpy(clip).permute(3, 0, 1, 2).float())
    torch.testing.assert_close(preprocess(clip, spec), reference, rtol=0, atol=1e-4)


def test_frames_already_subsampled_give_the_same_tensor() -> None:
    clip = noise(80, 40, 50)
    spec = ClipSpec(16, 5, side=32, crop=32)
    assert torch.equal(preprocess(clip, spec), preprocess(clip[subsample_indices(80, 16)], spec))


@pytest.mark.parametrize("spec", [X3D_XS, X3D_M, ODD])
@pytest.mark.parametrize(("height", "width"), [(256, 340), (97, 131), (720, 405), (768, 768)])
def test_a_device_gives_the_same_tensor(spec: ClipSpec, height: int, width: int) -> None:
    clip = noise(20, height, width)
    there = preprocess_on(torch.device("cpu"), clip, spec)
    torch.testing.assert_close(there, preprocess(clip, spec), rtol=0, atol=1e-5)
    assert there.permute(1, 2, 3, 0).is_contiguous(), "channels innermost"


def test_frames_may_have_any_memory_layout() -> None:
    spec = ClipSpec(4, 1, side=32, crop=32)
    turned = np.rot90(noise(4, 32, 40), axes=(1, 2))[:, :32]
    assert not turned.flags.c_contiguous
    assert torch.equal(preprocess(turned, spec), preprocess(turned.copy(order="C"), spec))


def test_the_indices_of_80_frames_are_the_published_ones() -> None:
    assert subsample_indices(80, 16).tolist() == [
        *(0, 5, 10, 15, 21, 26, 31, 36, 42, 47, 52, 57, 63, 68, 73, 79)
    ]


@pytest.mark.parametrize("available", [1, 2, 7, 15, 16, 17, 30, 53, 75, 78, 333])
@pytest.mark.parametrize("wanted", [1, 4, 13, 16])
def test_indices_are_those_of_torch(available: int, wanted: int) -> None:
    made = subsample_indices(available, wanted)
    assert made.tolist() == torch.linspace(0, available - 1, wanted).long().tolist()
    assert made[0] == 0
    assert (np.diff(made) >= 0).all()


def test_indices_need_frames() -> None:
    with pytest.raises(ValueError, match="16 frames out of 0"):
        subsample_indices(0, 16)


def test_the_window_of_x3d_m_is_eighty_frames_long() -> None:
    assert X3D_M.seconds == pytest.approx(80 / 30)


@pytest.mark.parametrize(
    ("size", "scaled"),
    [((256, 340), (256, 340)), ((720, 1280), (256, 455)), ((90, 31), (743, 256))],
)
def test_the_short_side_is_scaled(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    assert scaled_size(*size, 256) == scaled


def test_halves_of_the_crop_offset_round_to_even() -> None:
    assert crop_offsets(256, 261, 256) == (0, 2)
    assert crop_offsets(256, 263, 256) == (0, 4)


def test_display_squares_show_what_the_model_sees() -> None:
    spec = ClipSpec(4, 2, side=48, crop=40)
    clip = noise(9, 90, 70)
    tensor = preprocess(clip, spec).permute(1, 2, 3, 0).numpy()
    shown = display_squares(clip, spec)
    assert shown.dtype == np.uint8
    np.testing.assert_allclose(shown, (tensor * 0.225 + 0.45) * 255, atol=0.51)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((4, 8, 8, 4), np.uint8), r"\(4, 8, 8, 4\)"),
        (np.zeros((8, 8, 3), np.uint8), r"\(8, 8, 3\)"),
        (np.zeros((0, 8, 8, 3), np.uint8), r"\(0, 8, 8, 3\)"),
        (np.zeros((4, 8, 8, 3), np.float32), "float32"),
    ],
)
def test_arrays_of_other_shapes_or_types_are_refused(frames: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        preprocess(frames, X3D_M)


@pytest.mark.parametrize(
    "changes",
    [{"crop": 300}, {"num_frames": 0}, {"std": (0.2, 0.2, 0.0)}, {"mean": (0.5, 0.5)}, {"fps": 0}],
)
def test_impossible_specs_are_refused(changes: dict) -> None:
    values = {"num_frames": 16, "sampling_rate": 5, "side": 256, "crop": 256} | changes
    with pytest.raises(ValueError, match="got|larger"):
        ClipSpec(**values)
