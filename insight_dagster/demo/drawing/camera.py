"""The camera: where it looks, how it shakes, and how its sensor records a frame.

What is in front of the camera (`scenes`) does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

UNITS = 256.0
"""World units along the short side of a frame at zoom 1."""

_DARKEST = 0.65
_BLURRIEST = 3.0
"""Loss of exposure (share) and added blur (world units) at a degradation of 1."""


@dataclass(frozen=True)
class CameraPath:
    """The mapping from the world to pixels over time.

    Attributes:
        matrices: (T, 2, 3) affine maps from world units to pixels.
        scale: (T,) pixels per world unit.
        width: width of a frame in pixels.
        height: height of a frame in pixels.
    """

    matrices: NDArray[np.floating]
    scale: NDArray[np.floating]
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.matrices.shape != (len(self.scale), 2, 3):
            raise ValueError(f"camera matrices must be (T, 2, 3), got {self.matrices.shape}")

    def project(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the pixel coordinates (T, P, 2) of world points (T, P, 2)."""
        return points @ self.matrices[:, :, :2].transpose(0, 2, 1) + self.matrices[:, None, :, 2]

    def view(self, backdrop: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """Return the RGBA backdrop as seen in frame `index`, in RGB and mirrored at its edges."""
        # OpenCV warps four channels 2.6 times as fast as three.
        seen = cv2.warpAffine(
            backdrop,
            self.matrices[index],
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        return np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), np.uint8)


@dataclass(frozen=True)
class Handling:
    """How the camera is held.

    Attributes:
        shake: amplitude of the shake in world units.
        roll: rotation around the lens in radians.
        zoom_drift: relative change of the zoom over the clip.
    """

    shake: float
    roll: float
    zoom_drift: float

    @classmethod
    def draw(cls, rng: np.random.Generator, *, steady: bool) -> Handling:
        """Return random handling; none at all if the camera is `steady`, on a tripod."""
        if steady:
            return cls(0.0, 0.0, 0.0)
        return cls(
            shake=float(rng.gamma(1.6, 1.5)),
            roll=float(rng.normal(0, 0.02)),
            zoom_drift=float(rng.normal(0, 0.05)),
        )


def camera_path(
    rng: np.random.Generator,
    times: NDArray[np.floating],
    focus: NDArray[np.floating],
    zoom: NDArray[np.floating],
    *,
    size: tuple[int, int],
    handling: Handling,
) -> CameraPath:
    """Return the camera path of a shot that looks at `focus`.

    Args:
        rng: source of the shake.
        times: frame times in seconds, (T,).
        focus: world point at the centre of each frame, (T, 2).
        zoom: magnification of each frame, (T,).
        size: width and height in pixels.
        handling: amplitude of shake, roll and zoom drift.
    """
    width, height = size
    shake = handling.shake * np.stack([wander(rng, times), wander(rng, times)], axis=-1)
    roll = handling.roll * (1 + 0.5 * wander(rng, times))
    drift = 1 + handling.zoom_drift * (times / max(times[-1], 0.1) - 0.5)
    scale = zoom * drift * min(width, height) / UNITS
    centre = focus + shake
    cosine, sine = scale * np.cos(roll), scale * np.sin(roll)
    linear = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], axis=1)
    offset = np.array([width / 2, height / 2]) - np.einsum("tij,tj->ti", linear, centre)
    return CameraPath(np.concatenate([linear, offset[:, :, None]], 2), scale, width, height)


def wander(rng: np.random.Generator, times: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a smooth random signal (T,) of about unit size: five sines between 0.3 and 5 Hz."""
    frequency = rng.uniform(0.3, 5.0, 5)
    weight = rng.uniform(0.3, 1.0, 5) / np.sqrt(frequency)
    phase = rng.uniform(0, 2 * np.pi, 5)
    return (weight * np.sin(2 * np.pi * frequency * times[:, None] + phase)).sum(1) / 1.3


class Sensor:
    """The exposure, colour cast, vignette, blur and noise of one camera, drawn once per clip."""

    def __init__(
        self,
        rng: np.random.Generator,
        size: tuple[int, int],
        *,
        frames: int,
        same_model: bool,
        degradation: float = 0.0,
    ) -> None:
        """Draw a random camera.

        Args:
            rng: source of randomness.
            size: width and height of the frames in pixels.
            frames: number of frames.
            same_model: whether the camera differs little from others.
            degradation: how underexposed and out of focus the clip is, 0-1.
        """
        width, height = size
        spread = 0.25 if same_model else 1.0
        gain = (1 + spread * rng.uniform(-0.28, 0.12)) * (1 + rng.normal(0, 0.05 * spread, 3))
        gain *= 1 - _DARKEST * degradation
        self._mask = _vignette(width, height, gain, strength=0.35 * spread * rng.random())
        sigma = float(np.clip(rng.gamma(2.0, 1.6) * spread, 0.5, 9.0))
        self._noise = _noise_tile(rng, width + 48, height + 48, sigma)
        self._shift = rng.integers(0, 48, (frames, 2))
        soft = 0.0 if same_model else float(rng.choice([0.0, 0.0, 0.0, 0.7, 1.1]))
        soft = float(np.hypot(soft, _BLURRIEST * degradation))
        self._blur = soft * min(width, height) / UNITS
        self._lift = float(rng.uniform(0, 14 * spread))

    def expose(self, frame: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """Return frame `index` as recorded, uint8 of the same shape."""
        if self._blur:
            frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), self._blur), np.uint8)
        lit = cv2.multiply(frame, self._mask, scale=1 / 200)
        x, y = self._shift[index]
        height, width = frame.shape[:2]
        noise = self._noise[y : y + height, x : x + width]
        return np.asarray(cv2.addWeighted(lit, 1.0, noise, 1.0, self._lift - 128), np.uint8)


def _vignette(
    width: int, height: int, gain: NDArray[np.floating], *, strength: float
) -> NDArray[np.uint8]:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    falloff = 1 - strength * (x * x + y * y) / 2
    return np.clip(200 * falloff[..., None] * gain, 0, 255).astype(np.uint8)


def _noise_tile(
    rng: np.random.Generator, width: int, height: int, sigma: float
) -> NDArray[np.uint8]:
    noise = rng.standard_normal((height, width, 3), dtype=np.float32)
    cv2.scaleAdd(noise, sigma, np.full_like(noise, 128), noise)
    return np.clip(noise, 0, 255).astype(np.uint8)
