"""Decoded training clips in memory, and their augmentation.

Window and geometry are those of the analysis (`analysis.decoding`, `analysis.model.preprocessing`).
The training loop (`training`) does not belong here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from insight_dagster.analysis.decoding import decode_window
from insight_dagster.analysis.model.preprocessing import ClipSpec, display_squares

SHIFT = 8
"""Largest random shift of a training clip in pixels."""


@dataclass(frozen=True)
class ClipTensors:
    """The decoded clips of one split.

    Attributes:
        pixels: (N, 3, T, S, S) uint8 RGB.
        targets: (N,) int64, label indices.
        paths: N files, relative to the library.
    """

    pixels: torch.Tensor
    targets: torch.Tensor
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8 or self.pixels.ndim != 5:
            raise ValueError(f"pixels must be uint8 (N, 3, T, S, S), got {self.pixels.shape}")
        if len(self.targets) != len(self.pixels) or len(self.paths) != len(self.pixels):
            raise ValueError(
                f"{len(self.pixels)} clips need as many targets and paths, "
                f"got {len(self.targets)} and {len(self.paths)}"
            )


def load_split(
    root: Path,
    split: str,
    *,
    labels: Sequence[str],
    spec: ClipSpec,
    progress: Callable[[int], None] | None = None,
) -> ClipTensors:
    """Decode all clips of a split of a demo library, in the order of annotations.csv.

    Args:
        root: folder of the library.
        split: train, val or test.
        labels: labels of the model in index order.
        spec: clip geometry of the model.
        progress: called with 1 for each decoded clip.
    """
    with (root / "annotations.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    clips = []
    for row in rows:
        window = decode_window(
            root / row["path"], start=0.0, seconds=spec.seconds, num_frames=spec.num_frames
        )
        squares = np.ascontiguousarray(display_squares(window.frames, spec).transpose(3, 0, 1, 2))
        clips.append(torch.from_numpy(squares))
        if progress:
            progress(1)
    targets = torch.tensor([labels.index(row["label"]) for row in rows])
    return ClipTensors(torch.stack(clips), targets, tuple(row["path"] for row in rows))


def to_input(pixels: torch.Tensor, spec: ClipSpec, *, side: int | None = None) -> torch.Tensor:
    """Return model input (B, 3, T, side, side) float32 in channels-last memory.

    Args:
        pixels: (B, 3, T, S, S) uint8.
        spec: clip geometry of the model.
        side: side of the frames in pixels; None for S.
    """
    batch = pixels.float().div_(255.0)
    if side and side != pixels.shape[-1]:
        frames = pixels.shape[2]
        batch = functional.interpolate(batch, size=(frames, side, side), mode="area")
    mean = torch.tensor(spec.mean).view(3, 1, 1, 1)
    std = torch.tensor(spec.std).view(3, 1, 1, 1)
    return ((batch - mean) / std).contiguous(memory_format=torch.channels_last_3d)


def augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the clips with random mirroring, shift and brightness, as uint8."""
    return torch.stack([_augment_clip(clip, generator) for clip in pixels])


def _augment_clip(clip: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    if torch.rand((), generator=generator) < 0.5:
        clip = clip.flip(-1)
    side = clip.shape[-1]
    padded = functional.pad(clip.float(), (SHIFT,) * 4, mode="reflect")
    top, left = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
    shifted = padded[..., top : top + side, left : left + side]
    gain = 0.85 + 0.3 * torch.rand((3, 1, 1, 1), generator=generator)
    lift = 24 * torch.rand((), generator=generator) - 12
    return (shifted * gain + lift).clamp_(0, 255).to(torch.uint8)
