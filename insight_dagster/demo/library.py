"""Writes a demo clip library: the clips of a plan, annotations.csv and truth.csv.

Layout: `{train,val,test}/<class>/<id>_<start>_<end>.mp4`. What is in the clips belongs to
`plan.py` and `rendering.py`; reading libraries belongs to `analysis/clip_library.py`.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2

from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.encoding import write_damaged, write_video
from insight_dagster.demo.plan import ClipPlan, FaultShares, make_plan
from insight_dagster.demo.rendering import SCENES, render
from insight_dagster.errors import LibraryError

GENERATOR_VERSION = 1
"""Raised when the same seed gives other pixels than before."""

MARKER = ".demo_library.json"
_ANNOTATION_COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split", "path")


@dataclass(frozen=True)
class LibrarySummary:
    """What a demo library holds; `created` is False where it was already there."""

    root: Path
    clips: int
    classes: tuple[str, ...]
    faults: dict[str, int]
    created: bool


def make_library(
    folder: Path,
    *,
    seed: int = 0,
    clips_per_class: int = 80,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
    classes: Sequence[str] = DEMO_CLASSES,
    faults: FaultShares | None = None,
) -> LibrarySummary:
    """Write a demo library, or leave it as it is where the same one is already complete.

    The clips appear in `folder` all at once, when the last one is written.

    Args:
        folder: new or empty folder, or a library made with the same arguments.
        seed: everything random comes from it; pixels do not depend on `workers`.
        clips_per_class: files per class, copies and broken files included.
        workers: processes; default: all cores.
        progress: called with the number of clips just written.
        classes: any of the classes that `rendering.SCENES` can draw.
        faults: shares of the planted faults.

    Raises:
        LibraryError: the folder holds something else, or an argument is out of range.
    """
    shares = faults or FaultShares()
    _check(clips_per_class, classes)
    request = _request(seed, clips_per_class, classes, shares)
    plan = make_plan(seed=seed, clips_per_class=clips_per_class, classes=classes, faults=shares)
    folder = Path(folder).absolute()
    created = not _is_complete(folder, request)
    if created:
        with _fresh_folder(folder) as draft:
            _write_clips(draft, plan, seed, workers or os.cpu_count() or 1, progress)
            _write_tables(draft, plan)
            (draft / MARKER).write_text(json.dumps(request, indent=1) + "\n", encoding="utf-8")
    elif progress:
        progress(len(plan))
    counts = Counter(fault for clip in plan for fault in clip.faults)
    return LibrarySummary(folder, len(plan), tuple(classes), dict(counts), created)


def _check(clips_per_class: int, classes: Sequence[str]) -> None:
    unknown = sorted(set(classes) - set(SCENES))
    if unknown or not classes:
        raise LibraryError(f"cannot draw the classes {unknown}; known: {sorted(SCENES)}")
    if clips_per_class < 1:
        raise LibraryError(f"clips per class must be 1 or more, got {clips_per_class}")


def _request(
    seed: int, clips_per_class: int, classes: Sequence[str], faults: FaultShares
) -> dict[str, object]:
    return {
        "generator": GENERATOR_VERSION,
        "seed": seed,
        "clips_per_class": clips_per_class,
        "classes": list(classes),
        "faults": asdict(faults),
    }


def _is_complete(folder: Path, request: dict[str, object]) -> bool:
    """Whether the folder holds this very library already.

    Raises:
        LibraryError: it holds something else.
    """
    marker = folder / MARKER
    if marker.is_file():
        present = json.loads(marker.read_text(encoding="utf-8"))
        if present == request:
            return True
        shown = {key: present.get(key) for key in ("seed", "clips_per_class", "generator")}
        raise LibraryError(
            f"{folder} holds another demo library {shown}; name another folder or remove it"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise LibraryError(f"{folder} is not empty and no demo library; name another folder")
    if folder.exists() and not folder.is_dir():
        raise LibraryError(f"{folder} is a file; name a folder for the demo library")
    return False


@contextmanager
def _fresh_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside the wanted one that takes its name when the block succeeds."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
    except OSError as problem:
        raise LibraryError(f"cannot write in {folder.parent}: {problem.strerror}") from problem
    try:
        yield draft
        draft.chmod(0o755)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_clips(
    root: Path,
    plan: Sequence[ClipPlan],
    seed: int,
    workers: int,
    progress: Callable[[int], None] | None,
) -> None:
    for parent in {(root / clip.path).parent for clip in plan}:
        parent.mkdir(parents=True, exist_ok=True)
    write = partial(write_clip, root, seed=seed)
    for _ in _in_processes(write, plan, workers) if workers > 1 else map(write, plan):
        if progress:
            progress(1)


def _in_processes(
    write: Callable[[ClipPlan], None], plan: Sequence[ClipPlan], workers: int
) -> Iterator[None]:
    # Spawned, not forked: a fork would copy the caller's threads' locks in whatever state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        yield from pool.map(write, plan, chunksize=4)


def write_clip(root: Path, plan: ClipPlan, *, seed: int) -> None:
    """Render and encode one planned clip under `root`; its folder must exist."""
    path = root / plan.path
    if plan.damage and plan.damage != "truncated":
        write_damaged(path, plan.damage)
        return
    write_video(path, render(plan, seed=seed), fps=plan.fps, size=plan.size, crf=plan.crf)
    if plan.damage:
        write_damaged(path, plan.damage, whole=path.read_bytes())


def _write_tables(root: Path, plan: Sequence[ClipPlan]) -> None:
    clips = sorted(plan, key=lambda clip: clip.path)
    annotations = [_annotation(clip) for clip in clips]
    _write_csv(root / "annotations.csv", _ANNOTATION_COLUMNS, annotations)
    truths = [(clip.path, fault, group) for clip in clips for fault, group in clip.truths]
    _write_csv(root / "truth.csv", ("path", "fault", "group"), truths)


def _annotation(clip: ClipPlan) -> tuple[str, ...]:
    identity, start, end = clip.name.rsplit("_", 2)
    return clip.label, identity, str(int(start)), str(int(end)), clip.split, clip.path


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
