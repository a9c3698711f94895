"""Pixels of the latent-space map on the screen."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from tests.support.browser_window import settle

BLUE, RED, GREEN, YELLOW, CYAN = "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee"


CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")


COLOURS = dict(zip(CLASSES, (BLUE, RED, GREEN, YELLOW, CYAN), strict=True))


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], float)


def on_white(colour: str, opacity: float) -> np.ndarray:
    return opacity * rgb(colour) + (1 - opacity) * 255


def ring(page, kind: str = "found") -> np.ndarray:
    """Return the position of the ring around a clip, in pixels of the plot."""
    page.wait_for_selector(f".overlay .{kind}")
    return np.array(
        [float(page.locator(f".overlay .{kind}").get_attribute(each)) for each in ("cx", "cy")]
    )


def pixels_of(page) -> np.ndarray:
    """Return the pixels of the plot on the screen."""
    shown = Image.open(io.BytesIO(page.locator("#plot canvas").screenshot()))
    return np.asarray(shown.convert("RGB"), float)


def pixels_near(page, place: np.ndarray, reach: int = 1) -> np.ndarray:
    x, y = np.round(place).astype(int)
    return pixels_of(page)[y - reach : y + reach + 1, x - reach : x + reach + 1]


def open_clip(window, clip_id: str, more: str = ""):
    page = window.open(f"#/space?clip={clip_id}{more}")
    settle(page)
    return page
