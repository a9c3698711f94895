"""Heatmap grids as small pictures inside the page.

Belongs here: reading, shrinking and encoding stored pictures. Does not: drawing heatmaps
(`analysis/heatmap_bundles.py`) or choosing examples.
"""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np

WIDTH = 512
JPEG_QUALITY = 74
MOST_PICTURES = 240
MOST_BYTES = 16_000_000


class Pictures:
    """Pictures taken into the page so far, each once, up to 240 of them or 16 MB.

    Attributes:
        encoded: data addresses; `add` returns positions in this list.
        left_out: pictures that were asked for but had no room or could not be read.
    """

    def __init__(self, home: Path) -> None:
        self.encoded: list[str] = []
        self.left_out = 0
        self._home = home.resolve()
        self._known: dict[str, int | None] = {}
        self._bytes = 0

    def add(self, path: str) -> int | None:
        """Position of a picture in `encoded`; None when there is no room or no such picture."""
        if path not in self._known:
            self._known[path] = self._take(path)
            self.left_out += self._known[path] is None
        return self._known[path]

    def _take(self, path: str) -> int | None:
        if len(self.encoded) >= MOST_PICTURES or self._bytes >= MOST_BYTES:
            return None
        jpeg = self._jpeg(path)
        if jpeg is None:
            return None
        text = base64.b64encode(jpeg).decode()
        self._bytes += len(text)
        self.encoded.append(f"data:image/jpeg;base64,{text}")
        return len(self.encoded) - 1

    def _jpeg(self, path: str) -> bytes | None:
        file = (self._home / path).resolve()
        # A path in the table is data: it must not pull other files of the machine into the page.
        if not file.is_relative_to(self._home) or not file.is_file():
            return None
        image = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return None
        scale = WIDTH / image.shape[1]
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return jpeg.tobytes()
