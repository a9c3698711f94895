"""The pictures of a site: contact sheets, atlases of thumbnails, heatmaps to lay over a sheet.

Belongs here: which file of the home becomes which file of the site; runs share files. Does not:
choosing examples (`pages/insight_cards`), and the colours of heatmaps (`colours` in
`analysis/heatmaps/heatmap_picture`).
"""

from __future__ import annotations

import filecmp
import hashlib
import math
import os
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from insight_dagster.analysis.heatmaps.heatmap_picture import colours
from insight_dagster.analysis.heatmaps.heatmap_volumes import read_volume
from insight_dagster.analysis.metadata.contact_sheets import COLUMNS, TILE
from insight_dagster.files.atomic import write_atomically
from insight_dagster.files.home_folders import HomeFolders, sheet_path

MOST_SHEETS = 20_000
ATLAS_SIDE, THUMB = 16, 64
_QUALITY = 70
_HEAT_QUALITY = 60
_STRONGEST = 0.85
_CONTENT_KEY = re.compile(r"[0-9a-f]{8,64}")


class Pictures:
    """Writes pictures of clips into a site.

    Attributes:
        used: files that were asked for, relative to the site.
    """

    def __init__(self, site: Path, home: Path) -> None:
        self.used: set[str] = set()
        self._site, self._home = site, home.resolve()

    def sheets(self, content_keys: Sequence[str]) -> np.ndarray:
        """Put the contact sheets of clips into the site and return which exist, (n,) bool."""
        return np.array([self._sheet(str(key)) for key in content_keys], bool)

    def _sheet(self, key: str) -> bool:
        if not _CONTENT_KEY.fullmatch(key):
            return False
        source = sheet_path(HomeFolders(self._home).contact_sheets, key)
        if not source.is_file():
            return False
        name = str(sheet_path(Path("sheets"), key))
        if _differs(source, self._site / name):  # drawn again, for a model with other frames
            (self._site / name).unlink(missing_ok=True)
        self._keep(name, lambda draft: _link(source, draft))
        return True

    def thumbnails(self, content_keys: Sequence[str]) -> list[str]:
        """Return atlases of 16 x 16 thumbnails of clips that have a contact sheet in the site."""
        size = ATLAS_SIDE**2
        groups = [content_keys[at : at + size] for at in range(0, len(content_keys), size)]
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self._atlas, groups))

    def _atlas(self, keys: Sequence[str]) -> str:
        drawn = [(self._site / sheet_path(Path("sheets"), key)).stat().st_size for key in keys]
        name = f"thumbs/{_digest(*keys, *map(str, drawn))}.jpg"
        self._keep(name, lambda draft: draft.write_bytes(_jpeg(self._drawn(keys))))
        return name

    def _drawn(self, keys: Sequence[str]) -> np.ndarray:
        rows = math.ceil(len(keys) / ATLAS_SIDE)
        atlas = np.zeros((rows * THUMB, ATLAS_SIDE * THUMB, 3), np.uint8)
        for number, key in enumerate(keys):
            row, column = divmod(number, ATLAS_SIDE)
            thumb = _middle_tile(self._site / sheet_path(Path("sheets"), key))
            place = np.s_[row * THUMB : (row + 1) * THUMB, column * THUMB : (column + 1) * THUMB]
            atlas[place] = thumb
        return atlas

    def heat(self, volume_path: str) -> str | None:
        """Return a heatmap as a picture to lay over the contact sheet; None without a file."""
        volume = self._volume(volume_path)
        if volume is None:
            return None
        name = f"heat/{Path(volume_path).stem}.webp"
        self._keep(name, lambda draft: draft.write_bytes(_webp(_overlay(volume))))
        return name

    def average(self, volume_paths: Sequence[str]) -> str | None:
        """Return the mean of heatmaps over clips and frames as a square picture."""
        volumes = [v for path in volume_paths if (v := self._volume(path)) is not None]
        if not volumes:
            return None
        name = f"heat/mean-{_digest(*volume_paths)}.webp"
        self._keep(name, lambda draft: draft.write_bytes(_webp(_mean_picture(volumes))))
        return name

    def _volume(self, path: str) -> np.ndarray | None:
        """Return the attribution, (T, S, S) in 0-1; None where it cannot be read."""
        volume = read_volume(self._home, path)
        return None if volume is None else volume.share

    def _keep(self, name: str, save: Callable[[Path], object]) -> None:
        self.used.add(name)
        if not (self._site / name).is_file():
            write_atomically(self._site / name, save)


def _link(source: Path, target: Path) -> None:
    """Make a hard link, or a copy where the file system has none."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _differs(source: Path, shown: Path) -> bool:
    """Return whether the site shows a file of other contents."""
    return shown.is_file() and not filecmp.cmp(source, shown, shallow=True)


def _middle_tile(sheet: Path) -> np.ndarray:
    """Return the tile of the middle frame, (64, 64, 3) BGR; black where it cannot be read."""
    small = cv2.imread(str(sheet), cv2.IMREAD_REDUCED_COLOR_2)
    if small is None or small.shape[1] != COLUMNS * THUMB or small.shape[0] % THUMB:
        return np.zeros((THUMB, THUMB, 3), np.uint8)
    row, column = divmod(small.shape[0] // THUMB * COLUMNS // 2, COLUMNS)
    return small[row * THUMB : (row + 1) * THUMB, column * THUMB : (column + 1) * THUMB]


def _overlay(volume: np.ndarray) -> np.ndarray:
    """Return a heatmap in the layout of a contact sheet, BGRA: the stronger, the more opaque."""
    rows = math.ceil(len(volume) / COLUMNS)
    sheet = np.zeros((rows * TILE, COLUMNS * TILE, 4), np.uint8)
    for number, frame in enumerate(volume):
        row, column = divmod(number, COLUMNS)
        share = cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_AREA)
        tile = np.dstack([colours(share)[..., ::-1], 255 * _STRONGEST * share])
        place = np.s_[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        sheet[place] = np.rint(tile).astype(np.uint8)
    return sheet


def _mean_picture(volumes: Sequence[np.ndarray]) -> np.ndarray:
    squares = [
        cv2.resize(volume.mean(axis=0), (TILE, TILE), interpolation=cv2.INTER_AREA)
        for volume in volumes
    ]
    mean = np.mean(squares, axis=0)
    return colours(mean / max(float(mean.max()), 1e-6))[..., ::-1]


def _jpeg(picture: np.ndarray) -> bytes:
    return _encoded(".jpg", picture, cv2.IMWRITE_JPEG_QUALITY, _QUALITY)


def _webp(picture: np.ndarray) -> bytes:
    return _encoded(".webp", picture, cv2.IMWRITE_WEBP_QUALITY, _HEAT_QUALITY)


def _encoded(kind: str, picture: np.ndarray, flag: int, quality: int) -> bytes:
    _, encoded = cv2.imencode(kind, picture, [flag, quality])
    return bytes(encoded)


def _digest(*names: str) -> str:
    return hashlib.blake2b("\n".join(names).encode(), digest_size=12).hexdigest()
