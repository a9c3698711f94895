"""The picture of a heatmap bundle: a grid of the model's frames, coloured by attribution.

Drawing and colours belong here; the attribution (`grad_cam`) and files (`heatmap_bundles`) do not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from insight_dagster.analysis.fonts import drawable, font_for

_COLUMNS = 4
_TILE = 192
_GAP = 4
_BAR = 50
_LEGEND = 110
_TEXT = 16
_STRONGEST = 0.8
_EMPHASIS = 1.25
_DARKEST = 0.4
_MUTED = 0.85
_COLOUR_KEPT = 0.6
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BACKGROUND = (24, 24, 28)
_BRIGHT = (245, 245, 245)
_FAINT = (176, 176, 184)


@dataclass(frozen=True)
class Caption:
    """The text of the title bar.

    Attributes:
        label: true label of the clip.
        predicted: label with the largest logit.
        probability: probability of the predicted label.
        target: label whose logit is explained.
        target_probability: probability of the target.
        random_weights: whether the model was never trained.
        empty: whether no place in the clip supports the target.
    """

    label: str
    predicted: str
    probability: float
    target: str
    target_probability: float
    random_weights: bool
    empty: bool

    @property
    def prediction(self) -> str:
        """The first line: label and prediction."""
        return f"label: {self.label}    predicted: {self.predicted} {self.probability:.1%}"

    @property
    def explanation(self) -> str:
        """The second line: what the colours mean."""
        parts = [f"Grad-CAM of “{self.target}” {self.target_probability:.1%}"]
        if self.empty:
            parts.append("no evidence for it")
        if self.random_weights:
            parts.append("RANDOM WEIGHTS: meaningless")
        return "  ·  ".join(parts)


def draw_grid(
    pictures: np.ndarray, volume: np.ndarray, timestamps: np.ndarray, caption: Caption
) -> Image.Image:
    """Draw frames in a grid of four columns, in reading order, under a title bar.

    Args:
        pictures: (T, S, S, 3) uint8 RGB, the model's frames.
        volume: (T, S, S) attribution as a share of the clip's largest, 0-1.
        timestamps: (T,) seconds, written into the frames.
        caption: text of the title bar.

    Raises:
        ValueError: the shapes do not agree.
    """
    if pictures.shape[:3] != volume.shape or len(timestamps) != len(volume):
        raise ValueError(
            f"pictures (T, S, S, 3), volume (T, S, S) and timestamps (T,) must agree, "
            f"got {pictures.shape}, {volume.shape} and {timestamps.shape}"
        )
    columns = min(_COLUMNS, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    step = max(_TILE, pictures.shape[1]) + _GAP
    width = columns * step + _GAP
    canvas = Image.new("RGB", (width, _BAR + rows * step), _BACKGROUND)
    for number, picture in enumerate(pictures):
        tile = _tile(picture, volume[number], step - _GAP, float(timestamps[number]))
        row, column = divmod(number, columns)
        canvas.paste(tile, (_GAP + column * step, _BAR + row * step))
    _write_bar(canvas, caption)
    return canvas


def tint(picture: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Colour a frame by attribution.

    The frame is muted, and the colour is the more opaque the larger the attribution: places without
    attribution look as in the frame, and places with it stand out and still show their texture.

    Args:
        picture: (S, S, 3) uint8 RGB.
        share: (S, S) attribution, 0-1.

    Returns:
        (S, S, 3) uint8 RGB.
    """
    strength = np.clip(share, 0.0, 1.0).astype(np.float32)
    own = picture.astype(np.float32)
    grey = own @ _LUMA
    muted = _MUTED * (own * _COLOUR_KEPT + grey[..., None] * (1 - _COLOUR_KEPT))
    opacity = (_STRONGEST * strength**_EMPHASIS)[..., None]
    mixed = muted * (1 - opacity) + colours(strength).astype(np.float32) * opacity
    return np.rint(mixed).astype(np.uint8)


def colours(share: np.ndarray) -> np.ndarray:
    """Return the colours of attributions: the upper part of the inferno colour map.

    The map is perceptually uniform. Its black lower end is left out because it would look like a
    shadow in the picture.

    Args:
        share: (...) attribution, 0-1.

    Returns:
        (..., 3) uint8 RGB.
    """
    levels = np.rint(255 * (_DARKEST + (1 - _DARKEST) * np.atleast_2d(share))).astype(np.uint8)
    coloured = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return coloured.reshape(*np.shape(share), 3)


def _tile(picture: np.ndarray, share: np.ndarray, side: int, seconds: float) -> Image.Image:
    if len(picture) != side:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
        share = cv2.resize(share.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    tile = Image.fromarray(tint(picture, share))
    corner = (6, side - 6)
    ImageDraw.Draw(tile).text(
        corner,
        f"{seconds:.2f} s",
        font=ImageFont.load_default(_TEXT - 3),
        fill=_BRIGHT,
        stroke_width=2,
        stroke_fill=(0, 0, 0),
        anchor="ls",
    )
    return tile


def _write_bar(canvas: Image.Image, caption: Caption) -> None:
    draw = ImageDraw.Draw(canvas)
    width = canvas.width - _LEGEND - 6 * _GAP
    ramp = np.tile(np.linspace(0, 1, _LEGEND, dtype=np.float32), (12, 1))
    canvas.paste(Image.fromarray(colours(ramp)), (canvas.width - _LEGEND - 2 * _GAP, 9))
    ends = (canvas.width - _LEGEND / 2 - 2 * _GAP, 35)
    small = ImageFont.load_default(_TEXT - 3)
    draw.text(ends, "weak  -  strong", font=small, fill=_FAINT, anchor="mm")
    for line, (text, colour) in enumerate(
        ((caption.prediction, _BRIGHT), (caption.explanation, _FAINT))
    ):
        shown, font = _in_a_font(text)
        fitting = _shortened(draw, shown, font, width)
        draw.text((_GAP + 4, 5 + line * 21), fitting, font=font, fill=colour)


def _in_a_font(text: str) -> tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    """Return a text as one font can draw it, and the font; a plain text has Pillow's own."""
    if text.isascii():
        return text, ImageFont.load_default(_TEXT)
    font = font_for(text)
    return drawable(text, [font]), ImageFont.truetype(font.path, _TEXT)


def _shortened(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width: float,
) -> str:
    text = " ".join(text.split("\n"))
    if draw.textlength(text, font=font) <= width:
        return text
    lengths = range(len(text))
    kept = bisect_right(lengths, width, key=lambda n: draw.textlength(text[:n] + "…", font=font))
    return text[: max(kept - 1, 0)] + "…"
