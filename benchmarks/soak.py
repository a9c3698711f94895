"""Fifty nights with changes, kills and locks: `python -m benchmarks.soak`.

A small demo library changes every night: clips are added, removed, renamed, relabelled and damaged.
The stages of a night run one after another on a real Dagster instance, in one process that lasts
for all nights. At random, a run in a process of its own is killed before the night; decoding
processes are killed during it; clips trade names and are overwritten while they are read; another
program holds the database. After the last night, and one that nothing disturbs, memory, handles,
threads, logs, database and left-over files must not have grown beyond the stated limits, and every
table must equal that of a fresh home.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.soak_library import SoakLibrary
from benchmarks.soak_tables import unequal
from benchmarks.soak_trouble import database_held, decoders_killed, start_and_kill
from insight_dagster.commands.console import Console
from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.errors import InsightError
from insight_dagster.settings import Settings, load_settings

FOLDER = Path(".benchmarks/soak")
QUIET = Console(quiet=True)
CHOSEN: dict[str, Any] = {
    "min_cluster_size": 4,
    "perplexity": 8.0,
    "heatmaps_per_insight": 1,
    "keep_analyses": 4,
}
"""Settings that suit a small library and compressed time."""
MIB = 1 << 20
GROWTH_LIMITS = {
    "rss_mib": 3.0,
    "handles": 0.2,
    "threads": 0.1,
    "children": 0.1,
    "log_mib": 0.3,
    "database_mib": 0.3,
    "drafts": 0.1,
    "home_mib": 1.0,
}
"""Largest growth per night of what is recorded, fitted to the second half of the nights."""
FEWEST_NIGHTS = 20
"""Of fewer nights, growth is not judged: logs and caches grow until old ones are deleted."""


@dataclass(frozen=True)
class Night:
    """What was recorded after a night.

    Attributes:
        number: of the night, from 1.
        trouble: what happened during it.
        outcome: `passed`, or the error that ended it.
        seconds: length of the night.
        cpu_seconds: processor time of the process that runs the nights.
        clips: number of clips in the library.
        rss_mib: memory of the process that runs the nights.
        handles: its open files, pipes and sockets.
        threads: its threads.
        children: its child processes.
        log_mib: size of the Dagster instance.
        database_mib: size of the DuckDB file.
        drafts: number of files that a killed writer left.
        home_mib: size of everything in the home.
    """

    number: int
    trouble: tuple[str, ...]
    outcome: str
    seconds: float
    cpu_seconds: float
    clips: int
    rss_mib: float
    handles: int
    threads: int
    children: int
    log_mib: float
    database_mib: float
    drafts: int
    home_mib: float


@dataclass(frozen=True)
class Stopwatch:
    """The moment at which a night began."""

    wall: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=time.process_time)


class Soak:
    """The nights of one home.

    Args:
        folder: an empty folder.
        clips_per_class: number of clips of each of three classes, in the library or beside it.
        seed: seed of everything random.
    """

    def __init__(self, folder: Path, *, clips_per_class: int, seed: int) -> None:
        self.library = SoakLibrary(folder, clips_per_class=clips_per_class, seed=seed)
        self.settings = settings_of(folder / "home", self.library.folder)
        self._random = random.Random(seed + 1)  # noqa: S311 - moments, not secrets
        self.nights: list[Night] = []

    def night(self, *, quiet: bool = False) -> Night:
        """Run one night, with trouble unless it is quiet."""
        started, trouble = Stopwatch(), [] if quiet else self.library.change()
        with ExitStack() as during:
            if not quiet and self.nights:
                trouble += self._start_trouble(during)
            try:
                outcome = run_pipeline(self.settings, console=QUIET)
                problems = [f"{each.stage.job}: {each.reason}" for each in outcome.failures]
            except InsightError as problem:
                problems = [f"{type(problem).__name__}: {problem}"]
        ended = "; ".join(problems) or "passed"
        self.nights.append(self._record(tuple(trouble), ended, started))
        self._let_a_day_pass()
        return self.nights[-1]

    def _let_a_day_pass(self) -> None:
        """Make all files of the home a day older: young files are never deleted."""
        for path in self.settings.home.rglob("*"):
            with suppress(FileNotFoundError):
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 86400))

    def _start_trouble(self, during: ExitStack) -> list[str]:
        chance, trouble = self._random, []
        if chance.random() < 0.2:
            seconds, given = chance.uniform(8, 30), environment(self.settings)
            if start_and_kill(self.settings.home, seconds, given):
                trouble.append("run killed")
        if chance.random() < 0.3:
            during.enter_context(decoders_killed(chance))
            trouble.append("decoders killed")
        if chance.random() < 0.4:
            during.enter_context(self.library.trading_names())
            trouble.append("names traded")
        if chance.random() < 0.2:
            seconds = chance.uniform(1, 6)
            during.enter_context(database_held(self.settings.folders.database, seconds))
            trouble.append("database held")
        return trouble

    def _record(self, trouble: tuple[str, ...], outcome: str, started: Stopwatch) -> Night:
        process, folders = psutil.Process(), self.settings.folders
        return Night(
            number=len(self.nights) + 1,
            trouble=trouble,
            outcome=outcome,
            seconds=round(time.monotonic() - started.wall, 1),
            cpu_seconds=round(time.process_time() - started.cpu, 1),
            clips=len(list(self.library.folder.glob("*/*.mp4"))),
            rss_mib=round(process.memory_info().rss / MIB, 1),
            handles=process.num_fds(),
            threads=process.num_threads(),
            children=len(process.children(recursive=True)),
            log_mib=mib_of(folders.dagster),
            database_mib=mib_of(folders.database),
            drafts=len([*self.settings.home.rglob("*.draft"), *self.settings.home.rglob("*.old")]),
            home_mib=mib_of(self.settings.home),
        )


def settings_of(home: Path, library: Path) -> Settings:
    """Return the settings of a home of the soak."""
    return load_settings(
        home=home,
        library=library,
        automation="off",
        **CHOSEN,
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return what differs from the defaults as environment variables."""
    names = ("library", *CHOSEN, "automation")
    return {f"INSIGHT_{name.upper()}": str(getattr(settings, name)) for name in names}


def mib_of(path: Path) -> float:
    """Return the size of a file, or of all files below a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return round(sum(os.lstat(each).st_size for each in files) / MIB, 2)


def growth(nights: list[Night]) -> dict[str, float]:
    """Return the growth per night, fitted to the second half of the nights."""
    half = nights[len(nights) // 2 :]
    numbers = [night.number for night in half]
    return {
        name: round(float(np.polyfit(numbers, [getattr(n, name) for n in half], 1)[0]), 3)
        for name in GROWTH_LIMITS
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--nights", type=int, default=50)
    parser.add_argument("--clips-per-class", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True)
    soak = Soak(folder, clips_per_class=arguments.clips_per_class, seed=arguments.seed)
    for _ in range(arguments.nights):
        print(json.dumps(asdict(soak.night())), flush=True)
    print(json.dumps(asdict(soak.night(quiet=True))), flush=True)
    found = problems_of(soak, folder)
    if arguments.json:
        document = {"nights": [asdict(night) for night in soak.nights], "problems": found}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    print("\n".join(found) or "nothing grew beyond its limit; every table equals a fresh home's")
    sys.exit(bool(found))


def problems_of(soak: Soak, folder: Path) -> list[str]:
    """Return what grew beyond its limit, and the tables that differ from a fresh home's."""
    fresh = settings_of(folder / "fresh", soak.library.folder)
    run_pipeline(fresh, console=QUIET)
    slopes = growth(soak.nights)
    print(json.dumps({"growth per night": slopes}), flush=True)
    found = [
        f"{name} grows by {slopes[name]} per night, at most {most} are allowed"
        for name, most in GROWTH_LIMITS.items()
        if slopes[name] > most and len(soak.nights) >= FEWEST_NIGHTS
    ]
    found += [
        f"night {night.number} did not pass: {night.outcome}"
        for night in soak.nights
        if night.outcome != "passed"
    ]
    return found + [f"{name} differs from a fresh home's" for name in unequal(soak.settings, fresh)]


if __name__ == "__main__":
    main()
