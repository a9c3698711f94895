"""The library of the soak: a small demo library that changes every night.

Changes between and during nights belong here; nights and what is recorded of them are in `soak`.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library

FEWEST = 4
_SHARE_IN_USE = 0.7


class SoakLibrary:
    """A folder of classes whose clips are added, removed, renamed, relabelled and damaged.

    Attributes:
        folder: the library, laid out as `class/clip.mp4`.
        pool: clips that are not in the library at present.
    """

    def __init__(self, folder: Path, *, clips_per_class: int, seed: int) -> None:
        self.folder, self.pool = folder / "library", folder / "pool"
        self._random = random.Random(seed)  # noqa: S311 - changes, not secrets
        self._damaged: dict[Path, bytes] = {}
        self._names = 0
        drawn = folder / "drawn"
        make_library(
            drawn,
            seed=seed,
            clips_per_class=clips_per_class,
            classes=DEMO_CLASSES[:3],
            faults=FaultShares(format=0, corrupt=0),
        )
        for path in sorted(drawn.glob("*/*/*.mp4")):
            root = self.folder if self._random.random() < _SHARE_IN_USE else self.pool
            target = root / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
        shutil.rmtree(drawn)

    def change(self) -> list[str]:
        """Make one to four random changes, and return what they were."""
        self._repair()
        changes: list[Callable[[], None]] = [
            self._add, self._add, self._remove, self._rename, self._relabel, self._damage,
        ]  # fmt: skip
        chosen = [self._random.choice(changes) for _ in range(self._random.randint(1, 4))]
        for change in chosen:
            change()
        return [change.__name__.strip("_") for change in chosen]

    @contextmanager
    def trading_names(self) -> Iterator[None]:
        """Let clips of a class trade names and be overwritten, while the block runs."""
        ended, seed = threading.Event(), self._random.random()
        thread = threading.Thread(target=self._disturb, args=(ended, seed))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _disturb(self, ended: threading.Event, seed: float) -> None:
        chance = random.Random(seed)  # noqa: S311
        while not ended.wait(chance.uniform(0.2, 4)):
            one, other = chance.sample(sorted(self._choose(chance).parent.glob("*.mp4")), 2)
            aside = one.with_suffix(".aside")
            one.rename(aside)
            other.rename(one)
            aside.rename(other)
            self._damaged = {
                {one: other, other: one}.get(path, path): whole
                for path, whole in self._damaged.items()
            }
            if chance.random() < 0.5:
                _overwrite(one, chance.uniform(0, 0.2))

    def _choose(self, chance: random.Random | None = None) -> Path:
        """Return a clip of a class that has more than one."""
        folders = [each for each in sorted(self.folder.iterdir()) if _count(each) > 1]
        chance = chance or self._random
        return chance.choice(sorted(chance.choice(folders).glob("*.mp4")))

    def _add(self) -> None:
        waiting = sorted(self.pool.glob("*/*.mp4"))
        if waiting:
            path = self._random.choice(waiting)
            path.rename(self.folder / path.parent.name / path.name)

    def _remove(self) -> None:
        path = self._choose()
        if _count(path.parent) <= FEWEST:
            return
        if path in self._damaged:
            path.write_bytes(self._damaged.pop(path))
        (self.pool / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(self.pool / path.parent.name / path.name)

    def _rename(self) -> None:
        path = self._choose()
        self._names += 1
        self._move(path, path.with_name(f"clip {self._names} é.mp4"))

    def _relabel(self) -> None:
        path = self._choose()
        if _count(path.parent) <= FEWEST:
            return
        other = self._random.choice(sorted(each.name for each in self.folder.iterdir()))
        self._move(path, self.folder / other / path.name)

    def _damage(self) -> None:
        path = self._choose()
        whole = path.read_bytes()
        self._damaged.setdefault(path, whole)
        cut = self._random.randrange(len(whole))
        path.write_bytes(whole[:cut])

    def _repair(self) -> None:
        """Restore damaged clips, each with a chance of one in three."""
        for path in sorted(self._damaged):
            if self._random.random() < 1 / 3:
                draft = path.with_suffix(".new")
                draft.write_bytes(self._damaged.pop(path))
                os.replace(draft, path)

    def _move(self, path: Path, target: Path) -> None:
        if target.exists():
            return
        path.rename(target)
        if path in self._damaged:
            self._damaged[target] = self._damaged.pop(path)


def _overwrite(path: Path, seconds: float) -> None:
    """Overwrite half of a file in place with zeros, and restore it after a while."""
    half = path.read_bytes()[: path.stat().st_size // 2]
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(len(half)))
        time.sleep(seconds)
        file.seek(0)
        file.write(half)


def _count(folder: Path) -> int:
    return len(list(folder.glob("*.mp4")))
