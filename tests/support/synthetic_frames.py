"""Frames whose metadata is known: textures, pans, moving squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from insight_dagster.analysis.metadata import clip_metadata
from insight_dagster.analysis.metadata.clip_metadata import ClipMetadata


def texture(height: int, width: int, *, seed: int, scale: float = 3.0) -> NDArray[np.uint8]:
    """Return a smooth random colour image (height, width, 3) uint8 with texture everywhere."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = ndimage.gaussian_filter(noise, (scale, scale, 0))
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def panning(*, step: int, frames: int = 8, seed: int = 1) -> NDArray[np.uint8]:
    """Return 160 x 120 frames of a pan to the right by `step` pixels per frame over a texture."""
    wide = texture(120, 160 + step * frames, seed=seed)
    return np.stack([wide[:, i * step : i * step + 160] for i in range(frames)])


def moving_square(
    *, side: int = 64, step: int = 6, pan: int = 0, frames: int = 6, scale: float = 3.0
) -> NDArray[np.uint8]:
    """Return 340 x 256 frames of a textured square moving right over a (panned) texture."""
    wide = texture(256, 340 + pan * frames, seed=2, scale=scale)
    square = texture(side, side, seed=3, scale=scale)
    clip = np.stack([wide[:, i * pan : i * pan + 340] for i in range(frames)])
    for i in range(frames):
        clip[i, 80 : 80 + side, 60 + i * step : 60 + i * step + side] = square
    return clip


def measure(frames: NDArray[np.uint8], *, fps: float = 6.0) -> ClipMetadata:
    """Measure the metadata of frames that are evenly spaced in time."""
    return clip_metadata.measure(frames, np.arange(len(frames)) / fps)


def values_of(frames: NDArray[np.uint8]) -> dict[str, float]:
    """Return the metadata values of frames, with -1 for None."""
    return {k: -1.0 if v is None else v for k, v in measure(frames).values.items()}
