"""Title cards: text on a still background at the start of a clip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.shapes import Colour

_HEADS = (
    "OPEN CHAMPIONSHIP",
    "HOW TO",
    "SEASON HIGHLIGHTS",
    "TRICK SHOTS",
    "WEEKEND TOUR",
    "LESSON 4",
    "THE FINAL NINE",
    "BEST OF 2016",
    "EPISODE 12",
    "COACHING CLINIC",
)
_FEET = (
    "presented by the club",
    "round two",
    "part one",
    "watch until the end",
    "thanks for subscribing",
    "filmed on location",
    "all rights reserved",
    "like and share",
)


def title_card(rng: np.random.Generator, topic: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw a title card with topic, headline and subtitle, uint8 RGB of `size` (width, height)."""
    width, height = size
    card = _background(rng, width, height)
    light = card.mean() < 128
    ink: Colour = (244, 240, 228) if light else (24, 26, 40)
    accent = tuple(int(c) for c in rng.integers(40, 240, 3))
    band = int(height * rng.uniform(0.62, 0.78))
    cv2.rectangle(card, (0, band), (width, band + max(2, height // 60)), accent, -1)
    _text(card, topic.upper(), 0.30 * height, 0.105 * height, ink)
    _text(card, str(rng.choice(_HEADS)), 0.47 * height, 0.085 * height, accent if light else ink)
    _text(card, str(rng.choice(_FEET)), band + 0.13 * height, 0.055 * height, ink)
    return card


def _background(rng: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    low = tuple(int(c) for c in rng.integers(0, 110, 3))
    high = tuple(min(255, c + int(rng.integers(10, 120))) for c in low)
    if rng.random() < 0.25:
        low, high = (206, 204, 198), (246, 244, 240)
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    cloud = textures.fractal(rng, height, width, (height / 2, width / 2), octaves=2)
    card = textures.blend(low, high, 0.6 * slope + 0.4 * cloud)
    for _ in range(int(rng.integers(0, 4))):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(card, centre, int(rng.uniform(0.1, 0.4) * height), high, 2, cv2.LINE_AA)
    return card


def _text(card: NDArray[np.uint8], text: str, row: float, size: float, ink: Colour) -> None:
    """Draw a centred line, shrunk until it fits."""
    font, width = cv2.FONT_HERSHEY_DUPLEX, card.shape[1]
    scale = size / 22
    (wide, _), _ = cv2.getTextSize(text, font, scale, 1)
    scale *= min(1.0, 0.9 * width / max(wide, 1))
    (wide, _), _ = cv2.getTextSize(text, font, scale, 1)
    place = (int((width - wide) / 2), int(row))
    cv2.putText(card, text, place, font, scale, ink, max(1, round(scale)), cv2.LINE_AA)
