"""Writing the files of a demo library: clips in parallel, annotations.csv and truth.csv.

Planning the clips (`clip_plan`, `delivery_plan`) and turning a draft into a library
(`make_library`, `delivery`) do not belong here.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import cv2

from insight_dagster.demo.library.clip_plan import ClipPlan
from insight_dagster.demo.library.encoding import write_damaged, write_video
from insight_dagster.demo.library.rendering import render
from insight_dagster.errors import LibraryError
from insight_dagster.files.atomic import draft_folder

ANNOTATIONS = "annotations.csv"
TRUTH = "truth.csv"
_ANNOTATION_COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split", "path")


@contextmanager
def draft_beside(folder: Path) -> Iterator[Path]:
    """Yield a hidden draft folder beside `folder`, which is removed after the block.

    Raises:
        LibraryError: the parent folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(draft_folder(folder))
        except OSError as problem:
            raise LibraryError(f"cannot write in {folder.parent}: {problem.strerror}") from problem
        yield draft


def write_clips(
    root: Path,
    plan: Sequence[ClipPlan],
    *,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write all clips of a plan.

    Args:
        root: folder that the plan's paths are relative to.
        plan: clips to write.
        seed: seed of the library.
        workers: number of processes, on which pixels do not depend; None for one per core.
        progress: called with the number of clips just written.
    """
    for parent in {(root / clip.path).parent for clip in plan}:
        parent.mkdir(parents=True, exist_ok=True)
    write = partial(write_clip, root, seed=seed)
    workers = workers or os.cpu_count() or 1
    for _ in _in_processes(write, plan, workers) if workers > 1 else map(write, plan):
        if progress:
            progress(1)


def _in_processes(
    write: Callable[[ClipPlan], None], plan: Sequence[ClipPlan], workers: int
) -> Iterator[None]:
    # Spawned, not forked: a fork copies locks that the caller's threads may hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker) as pool:
        yield from pool.map(write, plan, chunksize=4)


def _begin_worker() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent has ended, which may have been killed.

    The workers of a pool hold each other's queue open and would wait in it for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def write_clip(root: Path, plan: ClipPlan, *, seed: int) -> None:
    """Render and encode one planned clip below `root`; the clip's folder must exist."""
    path = root / plan.path
    if plan.damage and plan.damage != "truncated":
        write_damaged(path, plan.damage)
        return
    write_video(path, render(plan, seed=seed), fps=plan.fps, size=plan.size, crf=plan.crf)
    if plan.damage:
        write_damaged(path, plan.damage, whole=path.read_bytes())


def write_tables(root: Path, plan: Sequence[ClipPlan]) -> None:
    """Write annotations.csv and truth.csv of a plan to `root`, sorted by path."""
    clips = sorted(plan, key=lambda clip: clip.path)
    _write_csv(root / ANNOTATIONS, _ANNOTATION_COLUMNS, [_annotation(clip) for clip in clips])
    truths = [(clip.path, fault, group) for clip in clips for fault, group in clip.truths]
    _write_csv(root / TRUTH, ("path", "fault", "group"), truths)


def _annotation(clip: ClipPlan) -> tuple[str, ...]:
    identity, start, end = clip.name.rsplit("_", 2)
    return clip.label, identity, str(int(start)), str(int(end)), clip.split, clip.path


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
