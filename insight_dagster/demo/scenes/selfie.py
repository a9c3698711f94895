"""The planted shortcut: snowboarding filmed with a selfie stick.

All of these clips share one composition (the rider's head and shoulders in the middle, the arm and
the stick towards the lower right corner, snow moving past) and vary little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.body import limb
from insight_dagster.demo.drawing.camera import wander
from insight_dagster.demo.drawing.shapes import Colour, Shot, Track, capsule, ellipse, shaded

Series = NDArray[np.floating]
_CANVAS = (330, 900)
_JACKETS = ((206, 58, 48), (196, 84, 40), (188, 46, 74))
_HELMET, _SKIN = (44, 48, 58), (226, 178, 148)


def selfie_stick(rng: np.random.Generator, times: Series) -> Shot:
    """Draw the rider's face, filmed with a selfie stick."""
    backdrop = _piste(rng)
    speed = rng.uniform(95, 120)
    focus = np.stack([280 + speed * times, 160 + 3 * wander(rng, times)], -1)
    sway = np.stack([3 * wander(rng, times), 2.5 * wander(rng, times)], -1)
    centre = focus + [-14, -2] + sway + rng.normal(0, 5, 2)
    size = 62 * rng.uniform(0.94, 1.06)
    jacket = _JACKETS[rng.integers(len(_JACKETS))]
    lens = focus + [172, 140]
    tracks = [*_shoulders(centre, size, jacket), *_face(centre, size)]
    tracks += _stick(centre, lens, size, jacket)
    return Shot(backdrop, tuple(tracks), focus, np.ones(len(times)), same_camera=True)


def _shoulders(centre: Series, size: float, jacket: Colour) -> list[Track]:
    neck = centre + [0, size * 0.75]
    left, right = neck + [-size * 0.78, size * 0.5], neck + [size * 0.78, size * 0.5]
    radius = np.full(len(centre), size * 0.52)
    return [
        Track(capsule(left, right, size * 0.55, size * 0.55), shaded(jacket, 0.7)),
        *limb(
            left + [0, size * 0.35], right + [0, size * 0.35], radius * 1.2, radius * 1.2, jacket
        ),
        *limb(neck, centre, radius * 0.5, radius * 0.5, shaded(_SKIN, 0.9)),
    ]


def _face(centre: Series, size: float) -> list[Track]:
    mouth = centre + [0, size * 0.4]
    band = np.array([size * 0.34, 0])
    eyes = centre - [0, size * 0.02]
    return [
        Track(ellipse(centre, (size * 0.62, size * 0.74)), shaded(_SKIN, 0.8)),
        Track(ellipse(centre - 2, (size * 0.56, size * 0.68)), _SKIN),
        Track(ellipse(mouth, (size * 0.2, size * 0.09)), (120, 40, 44)),
        Track(ellipse(mouth - [0, size * 0.03], (size * 0.17, size * 0.045)), (244, 240, 236)),
        Track(
            ellipse(centre - [0, size * 0.12], (size * 0.72, size * 0.78), span=(np.pi, 2 * np.pi)),
            _HELMET,
        ),
        Track(
            ellipse(
                centre - [size * 0.1, size * 0.2],
                (size * 0.5, size * 0.55),
                span=(np.pi, 2 * np.pi),
            ),
            shaded(_HELMET, 1.5),
        ),
        Track(capsule(eyes - band, eyes + band, size * 0.24, size * 0.24), (26, 26, 32)),
        Track(capsule(eyes - band, eyes + band, size * 0.17, size * 0.17), (214, 120, 48)),
        Track(
            capsule(eyes - band - [0, 4], eyes - [0, 4], size * 0.06, size * 0.05), (250, 206, 140)
        ),
    ]


def _stick(centre: Series, lens: Series, size: float, jacket: Colour) -> list[Track]:
    """Draw the arm towards the camera, and the stick to the corner of the picture."""
    shoulder = centre + [size * 0.8, size * 1.3]
    hand = shoulder * 0.45 + lens * 0.55 - [0, size * 0.75]
    radius = np.full(len(centre), size * 0.26)
    return [
        *limb(shoulder, hand, radius, radius * 0.8, jacket),
        *limb(hand, hand + [4, 2], radius * 0.95, radius * 0.95, (38, 38, 44)),
        Track(capsule(hand - [14, 12], lens + [12, -8], size * 0.07, size * 0.13), (20, 20, 24)),
        Track(
            capsule(hand - [14, 15], lens + [12, -13], size * 0.02, size * 0.04), (120, 122, 130)
        ),
    ]


def _piste(rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = _CANVAS
    picture = textures.sky(rng, height, width)
    picture[:] = (picture * 0.3 + np.array([150, 190, 232]) * 0.7).astype(np.uint8)
    textures.ridge(rng, picture, 118, 40, (172, 188, 210))
    picture[150:] = textures.snow(rng, height - 150, width)
    for x in np.sort(rng.uniform(0, width, 22)):
        textures.tree(rng, picture, x, 158 + rng.uniform(0, 10), rng.uniform(25, 55), snowy=True)
    return picture
