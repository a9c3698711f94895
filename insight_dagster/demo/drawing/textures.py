"""Procedural textures: rock, ice, snow, grass, wood, asphalt, foliage, sky.

Each function returns (H, W, 3) uint8 RGB from a seeded generator; scenes combine them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing.shapes import Colour

Picture = NDArray[np.uint8]
Field = NDArray[np.floating]

ROCKS: tuple[tuple[Colour, Colour], ...] = (
    ((112, 108, 104), (176, 170, 162)),  # granite
    ((142, 92, 58), (206, 156, 108)),  # sandstone
    ((166, 152, 124), (222, 212, 188)),  # limestone
    ((66, 64, 68), (120, 114, 112)),  # basalt
    ((120, 84, 76), (178, 136, 120)),  # porphyry
)


def noise(rng: np.random.Generator, height: int, width: int, cell: tuple[float, float]) -> Field:
    """Return smooth noise in 0..1 with bumps of about `cell` (height, width) pixels."""
    rows, columns = int(height / cell[0]) + 3, int(width / cell[1]) + 3
    grid = rng.random((rows, columns), dtype=np.float32)
    grown = cv2.resize(
        grid, (width + int(2 * cell[1]), height + int(2 * cell[0])), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(grown[:height, :width], 0, 1)


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: tuple[float, float],
    *,
    octaves: int = 4,
    fade: float = 0.55,
) -> Field:
    """Return a sum of `octaves` noises in 0..1, each half as coarse and `fade` times as strong."""
    total = np.zeros((height, width), np.float32)
    weight, weights = 1.0, 0.0
    for _ in range(octaves):
        total += weight * noise(rng, height, width, cell)
        weights += weight
        weight *= fade
        cell = (max(cell[0] / 2, 1.5), max(cell[1] / 2, 1.5))
    return total / weights


def blend(low: Colour, high: Colour, mix: Field) -> Picture:
    """Interpolate between two colours by a field in 0..1."""
    share = np.linspace(0, 1, 256)[:, None]
    table = (np.asarray(low) * (1 - share) + np.asarray(high) * share).astype(np.uint8)
    levels = cv2.convertScaleAbs(np.clip(mix, 0, 1), alpha=255)
    return table[levels]


def emboss(picture: Picture, relief: Field, strength: float) -> Picture:
    """Light a picture from the upper left over a height field."""
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) + cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    shade = cv2.convertScaleAbs(np.clip(1 + strength * slope, 0.35, 1.6), alpha=100)
    return np.asarray(cv2.multiply(picture, cv2.merge([shade] * 3), scale=1 / 100), np.uint8)


def rock(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a rock face: one of five stones, strata, cracks and lichen."""
    low, high = ROCKS[rng.integers(len(ROCKS))]
    long, short = rng.uniform(50, 120), rng.uniform(18, 60)
    cell = (long, short) if rng.random() < 0.5 else (short, long)
    relief = fractal(rng, height, width, cell, octaves=5, fade=0.6)
    stain = fractal(rng, height, width, (90, 60), octaves=3)
    picture = blend(low, high, 0.7 * relief + 0.6 * stain - 0.15)
    picture = emboss(picture, relief, rng.uniform(0.7, 2.2))
    _cracks(rng, picture, count=int(rng.integers(3, 10)))
    if rng.random() < 0.4:
        _speckle(rng, picture, (108, 122, 74), count=40, radius=5)
    return picture


def ice(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a frozen waterfall: pale blue columns."""
    relief = fractal(rng, height, width, (120, 22), octaves=5)
    picture = blend((128, 164, 196), (240, 248, 252), 1.3 * relief - 0.1)
    return emboss(picture, relief, 1.4)


def gym_wall(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return an indoor climbing wall: painted panels, seams and coloured holds."""
    base = tuple(int(c) for c in rng.integers(110, 215, 3))
    picture = blend(base, base, np.zeros((height, width), np.float32))
    panel = int(rng.integers(60, 130))
    for x in range(int(rng.integers(0, panel)), width, panel):
        tint = rng.uniform(0.82, 1.08)
        stripe = picture[:, x : x + panel].astype(np.float32) * tint
        picture[:, x : x + panel] = np.clip(stripe, 0, 255)
        cv2.line(picture, (x, 0), (x, height), tuple(int(c * 0.7) for c in base), 2)
    for y in range(int(rng.integers(0, 160)), height, 160):
        cv2.line(picture, (0, y), (width, y), tuple(int(c * 0.75) for c in base), 2)
    grain = fractal(rng, height, width, (40, 40), octaves=4)
    picture = emboss(picture, grain, 0.5)
    _holds(rng, picture)
    return picture


def snow(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a snow surface with drifts and tracks."""
    relief = fractal(rng, height, width, (26, 90), octaves=5)
    picture = blend((188, 204, 224), (250, 252, 255), 1.2 * relief)
    return emboss(picture, relief, 0.6)


def grass(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a meadow or a lawn, from lush to dry."""
    dry = rng.uniform(0, 1)
    low = (int(46 + 60 * dry), int(84 + 10 * dry), int(38 + 10 * dry))
    high = (int(112 + 70 * dry), int(156 + 10 * dry), int(70 + 30 * dry))
    field = fractal(rng, height, width, (24, 60), octaves=5, fade=0.75)
    blades = noise(rng, height, width, (3, 1.6))
    return blend(low, high, 0.75 * field + 0.35 * blades)


def foliage(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a wall of leaves or needles."""
    autumn = rng.random() < 0.25
    low, high = ((60, 40, 20), (190, 130, 50)) if autumn else ((18, 40, 22), (92, 130, 60))
    field = fractal(rng, height, width, (40, 30), octaves=5, fade=0.8)
    return emboss(blend(low, high, 1.6 * field - 0.3), field, 2.0)


def planks(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a wooden floor seen at a low angle."""
    base = (int(rng.integers(150, 215)), int(rng.integers(105, 160)), int(rng.integers(60, 105)))
    dark = tuple(int(c * 0.8) for c in base)
    grain = fractal(rng, height, width, (3, 70), octaves=3)
    picture = blend(dark, base, grain * 1.2)
    for y in range(0, height, 7):
        cv2.line(picture, (0, y), (width, y), tuple(int(c * 0.9) for c in dark), 1)
    return picture


def asphalt(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return asphalt, concrete or a painted outdoor court."""
    paints = ((96, 96, 100), (150, 148, 142), (64, 96, 130), (70, 112, 84), (150, 84, 66))
    base = paints[rng.integers(len(paints))]
    grain = fractal(rng, height, width, (40, 80), octaves=5, fade=0.9)
    return blend(tuple(int(c * 0.75) for c in base), tuple(int(c * 1.2) for c in base), grain)


def sky(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Return a sky from clear blue to overcast, with clouds."""
    overcast = rng.random()
    top = (int(70 + 110 * overcast), int(120 + 70 * overcast), int(196 + 10 * overcast))
    rise = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    picture = blend(top, (214, 226, 236), rise)
    cloud = np.clip(2.4 * fractal(rng, height, width, (50, 110), octaves=4) - 1.2, 0, 0.8)
    return np.clip(picture + (255 - picture) * cloud[..., None], 0, 255).astype(np.uint8)


def ridge(
    rng: np.random.Generator, picture: Picture, base: float, rise: float, colour: Colour
) -> None:
    """Paint a mountain or forest ridge on a picture, around row `base` and `rise` pixels high."""
    width = picture.shape[1]
    profile = fractal(rng, 1, width, (1.5, 160), octaves=6, fade=0.6)[0]
    rows = base - rise * (profile - 0.4) * 2
    outline = np.stack([np.arange(width), rows], 1).round().astype(np.int32)
    corners = np.array([[width, picture.shape[0]], [0, picture.shape[0]]], np.int32)
    cv2.fillPoly(picture, [np.concatenate([outline, corners])], colour, cv2.LINE_AA)


def tree(
    rng: np.random.Generator, picture: Picture, x: float, foot: float, size: float, *, snowy: bool
) -> None:
    """Paint a conifer of height `size` in pixels with its foot at (x, foot)."""
    trunk = (int(x), int(foot)), (int(x), int(foot - size * 0.3))
    cv2.line(picture, *trunk, (72, 52, 38), max(1, int(size * 0.06)), cv2.LINE_AA)
    green = tuple(int(c * rng.uniform(0.7, 1.3)) for c in (34, 70, 42))
    for layer in range(5):
        y = foot - size * (0.18 + 0.17 * layer)
        half = size * (0.24 - 0.04 * layer)
        jag = rng.normal(0, half * 0.08, 3)
        corners = [(x - half + jag[0], y), (x + half + jag[1], y), (x + jag[2], y - size * 0.3)]
        points = np.array(corners).round().astype(np.int32)
        cv2.fillConvexPoly(picture, points, green, cv2.LINE_AA)
        if snowy:
            points[:2, 1] -= int(size * 0.08)
            points[:2, 0] = points[:2, 0] * 0.6 + x * 0.4
            cv2.fillConvexPoly(picture, points, (226, 234, 242), cv2.LINE_AA)


def _cracks(rng: np.random.Generator, picture: Picture, *, count: int) -> None:
    height, width = picture.shape[:2]
    dark = tuple(int(c) for c in picture.reshape(-1, 3).mean(0) * 0.45)
    for _ in range(count):
        steep = rng.normal(0, 4, (14, 2)) + rng.choice([-1, 1]) * np.array([rng.normal(0, 4), 14])
        path = rng.uniform([0, 0], [width, height]) + np.cumsum(steep, 0)
        points = path.round().astype(np.int32)
        cv2.polylines(picture, [points], False, dark, int(rng.integers(1, 4)), cv2.LINE_AA)


def _speckle(
    rng: np.random.Generator, picture: Picture, colour: Colour, *, count: int, radius: int
) -> None:
    height, width = picture.shape[:2]
    for x, y in rng.uniform([0, 0], [width, height], (count, 2)).astype(int):
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(1, radius)), colour, -1, cv2.LINE_AA)


def _holds(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    colours = rng.integers(30, 250, (5, 3))
    for x, y in rng.uniform([0, 0], [width, height], (width * height // 1500, 2)).astype(int):
        axes = (int(rng.integers(3, 8)), int(rng.integers(2, 6)))
        colour = tuple(int(c) for c in colours[rng.integers(5)])
        turn = float(rng.uniform(0, 180))
        dark = tuple(int(c * 0.5) for c in colour)
        centre = (int(x), int(y))
        cv2.ellipse(
            picture, (centre[0] + 1, centre[1] + 2), axes, turn, 0, 360, dark, -1, cv2.LINE_AA
        )
        cv2.ellipse(picture, centre, axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
