"""Preprocessing: a model's input tensor from decoded frames, with PyTorchVideo's numbers.

The clip's geometry in time and space belongs here; decoding (`analysis.decoding`) and the model
(`video_classifier`) do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from insight_dagster.analysis.decoding.frame_sampling import subsample_indices

PREPROCESSING_VERSION = "1"
"""Part of every model fingerprint; raise it when a number that `preprocess` returns changes."""


@dataclass(frozen=True)
class ClipSpec:
    """The geometry and normalisation of a model's input clip.

    Attributes:
        num_frames: frames in the input.
        sampling_rate: distance between two of them, in frames of a video at `fps`.
        side: length in pixels that the shorter image side is scaled to.
        crop: side in pixels of the centre square that is kept.
        mean, std: mean and standard deviation per channel, of values between 0 and 1.
        fps: nominal frame rate that converts the first two numbers to seconds.
    """

    num_frames: int
    sampling_rate: int
    side: int
    crop: int
    mean: tuple[float, float, float] = (0.45, 0.45, 0.45)
    std: tuple[float, float, float] = (0.225, 0.225, 0.225)
    fps: int = 30

    def __post_init__(self) -> None:
        """Check that a clip can have these sizes."""
        sizes = (self.num_frames, self.sampling_rate, self.side, self.crop, self.fps)
        if min(sizes) < 1:
            raise ValueError(f"sizes must be positive, got {self}")
        if self.crop > self.side:
            raise ValueError(f"crop must be at most side ({self.side}), got {self.crop}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(f"mean and std must have three channels and std be > 0, got {self}")

    @property
    def seconds(self) -> float:
        """Length of the window that a clip's frames are sampled from."""
        return (self.num_frames * self.sampling_rate) / self.fps


def scaled_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Return (height, width) in pixels after scaling the shorter side to `side`.

    The longer side is rounded down.

    Source: `short_side_scale` of pytorchvideo.transforms.functional.
    """
    if width < height:
        return math.floor((float(height) / width) * side), side
    return side, math.floor((float(width) / height) * side)


def crop_offsets(height: int, width: int, crop: int) -> tuple[int, int]:
    """Return (top, left) of the centre square, in pixels.

    Source: `center_crop` of torchvision.transforms._functional_video, which rounds halves to even.
    """
    return round((height - crop) / 2.0), round((width - crop) / 2.0)


@dataclass(frozen=True)
class AxisTaps:
    """The two source pixels that each output pixel of one axis mixes.

    Attributes:
        lower, upper: (n,) int64 source indices.
        share: (n,) float32, weight of `upper`, between 0 and 1.
    """

    lower: np.ndarray
    upper: np.ndarray
    share: np.ndarray


def axis_taps(source: int, scaled: int, offset: int, length: int) -> AxisTaps:
    """Return the bilinear taps of output pixels offset ... offset + length of one scaled axis.

    Source: torch's `upsample_bilinear2d` with align_corners=False and without antialiasing; in
    float32 as there, because rounded positions differ at widths of thousands of pixels.

    Args:
        source: pixels of the axis before scaling.
        scaled: pixels of the axis after scaling.
        offset: first output pixel.
        length: number of output pixels.
    """
    scale = np.float32(source) / np.float32(scaled)
    half = np.float32(0.5)
    centres = np.arange(offset, offset + length, dtype=np.float32) + half
    position = np.maximum(centres * scale - half, np.float32(0))
    lower = position.astype(np.int64)
    return AxisTaps(lower, np.minimum(lower + 1, source - 1), (position - lower).astype(np.float32))


def preprocess(frames: np.ndarray, spec: ClipSpec) -> torch.Tensor:
    """Return a model's input tensor (3, num_frames, crop, crop) float32 from RGB frames.

    The channels are innermost in memory, the layout that every engine reads.

    Equals PyTorchVideo's chain (uniform temporal subsample, division by 255, normalisation,
    short-side scale, centre crop) to 1e-5; the order differs, which is exact because scaling is
    linear.

    Args:
        frames: (T, H, W, 3) uint8, upright, all frames of the window or `num_frames` of them.
        spec: geometry of the model's input.

    Raises:
        ValueError: the frames have another shape or type.
    """
    squares = _centre_squares(frames, spec)
    mean, std = np.array(spec.mean), np.array(spec.std)
    # Whole rows of pixels at once: looping over three channels costs more than the arithmetic.
    rows = squares.reshape(*squares.shape[:2], -1)
    rows *= np.tile(1 / (255.0 * std), spec.crop).astype(np.float32)
    rows -= np.tile(mean / std, spec.crop).astype(np.float32)
    return torch.from_numpy(squares).permute(3, 0, 1, 2)


def preprocess_on(device: torch.device, frames: np.ndarray, spec: ClipSpec) -> torch.Tensor:
    """Return what `preprocess` returns, to 1e-6, computed on a device.

    Only the bytes under the crop are copied; to a GPU asynchronously, from pinned memory.

    Raises:
        ValueError: the frames have another shape or type.
    """
    frames = _sampled(frames, spec)
    height, width = frames.shape[1:3]
    rows, columns = _taps(height, width, spec)
    top, left = int(rows.lower[0]), int(columns.lower[0])
    part = frames[:, top : int(rows.upper[-1]) + 1, left : int(columns.upper[-1]) + 1]
    sent = torch.from_numpy(np.ascontiguousarray(part))
    sent = sent.pin_memory() if device.type == "cuda" else sent
    levels = sent.to(device, non_blocking=True).float()
    for axis, taps, first in ((1, rows, top), (2, columns, left)):
        lower, upper = (
            levels.index_select(axis, torch.from_numpy(each - first).to(device))
            for each in (taps.lower, taps.upper)
        )
        share = torch.from_numpy(taps.share).to(device)
        levels = torch.lerp(lower, upper, share.view(-1, *[1] * (3 - axis)))
    mean, std = (torch.tensor(each, device=device) for each in (spec.mean, spec.std))
    return (levels / (255.0 * std) - mean / std).permute(3, 0, 1, 2)


def display_squares(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """Return the pixels that the model sees, (num_frames, crop, crop, 3) uint8, for display.

    Same frames and geometry as `preprocess`, without the normalisation.

    Raises:
        ValueError: the frames have another shape or type.
    """
    return np.rint(_centre_squares(frames, spec)).astype(np.uint8)


def _centre_squares(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    frames = _sampled(frames, spec)
    height, width = frames.shape[1:3]
    rows, columns = _taps(height, width, spec)
    if scaled_size(height, width, spec.side) == (height, width):
        squares = frames[:, rows.lower[0] : rows.lower[-1] + 1]
        squares = squares[:, :, columns.lower[0] : columns.lower[-1] + 1]
        return squares.astype(np.float32, order="C")
    return np.stack([_resample(frame, rows, columns) for frame in frames])


def _sampled(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """Return `num_frames` of the frames, after checking their shape and type."""
    _check_frames(frames)
    if len(frames) == spec.num_frames:
        return frames
    return frames[subsample_indices(len(frames), spec.num_frames)]


def _taps(height: int, width: int, spec: ClipSpec) -> tuple[AxisTaps, AxisTaps]:
    """Return the taps of the centre square's rows and columns."""
    scaled_height, scaled_width = scaled_size(height, width, spec.side)
    top, left = crop_offsets(scaled_height, scaled_width, spec.crop)
    return (
        axis_taps(height, scaled_height, top, spec.crop),
        axis_taps(width, scaled_width, left, spec.crop),
    )


def _resample(frame: np.ndarray, rows: AxisTaps, columns: AxisTaps) -> np.ndarray:
    # Only the pixels under the crop are read, so the cost hardly depends on the frame's size.
    first = int(columns.lower[0])
    part = frame[:, first : int(columns.upper[-1]) + 1]
    mixed = _mix(part[rows.lower], part[rows.upper], rows.share[:, None, None])
    left = np.take(mixed, columns.lower - first, axis=1)
    right = np.take(mixed, columns.upper - first, axis=1)
    return _mix(left, right, columns.share[:, None])


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    base = first.astype(np.float32)
    step = second.astype(np.float32)
    step -= base
    step *= share
    base += step
    return base


def _check_frames(frames: np.ndarray) -> None:
    shape = getattr(frames, "shape", None)
    if shape is None or len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
        raise ValueError(f"frames must be (T, H, W, 3) and not empty, got {shape}")
    if frames.dtype != np.uint8:
        raise ValueError(f"frames must be uint8, got {frames.dtype}")
