"""Model inputs from clips, produced by threads, in order and in bounded memory.

Joining decoding and preprocessing belongs here; decoding (`analysis.decoding`), preprocessing
(`preprocessing`) and running the model (`analysis.embeddings`, `analysis.heatmaps`) do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import cv2
import numpy as np
import torch

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode, DecodedWindow, decode_window
from insight_dagster.analysis.model.preprocessing import ClipSpec, preprocess, preprocess_on
from insight_dagster.errors import DecodeError, Unreadable

Item = TypeVar("Item")
Result = TypeVar("Result")
CPU = torch.device("cpu")


@dataclass(frozen=True)
class ClipInput:
    """The part of a clip that the model sees.

    Attributes:
        tensor: (3, T, S, S) float32, normalised, on the model's device.
        timestamps: (T,) float64, seconds since the video's first frame.
    """

    tensor: torch.Tensor
    timestamps: np.ndarray

    def __post_init__(self) -> None:
        """Check shapes."""
        if self.tensor.ndim != 4 or self.timestamps.shape != (self.tensor.shape[1],):
            raise ValueError(
                f"tensor must be (3, T, S, S) and timestamps (T,), "
                f"got {tuple(self.tensor.shape)} and {self.timestamps.shape}"
            )

    def frames(self, spec: ClipSpec) -> np.ndarray:
        """Return the frames before normalisation, (T, S, S, 3) uint8 RGB."""
        mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
        levels = (self.tensor.permute(1, 2, 3, 0) * std + mean) * 255.0
        return levels.round().clamp(0, 255).to(torch.uint8).numpy()


def load_window(
    clip: Clip, spec: ClipSpec, decode: Decode = decode_window
) -> DecodedWindow | Unreadable:
    """Return the decoded frames of a clip's window, or the reason why it is unreadable."""
    try:
        return decode(
            clip.path,
            start=clip.start,
            seconds=spec.seconds,
            num_frames=spec.num_frames,
            end=clip.end,
            decoder=clip.decoder,
            content_key=clip.content_key,
        )
    except (DecodeError, OSError) as problem:
        return Unreadable.from_error(problem)


def load_input(
    clip: Clip, spec: ClipSpec, decode: Decode = decode_window
) -> ClipInput | Unreadable:
    """Return a clip's model input, or the reason why it is unreadable."""
    window = load_window(clip, spec, decode)
    return window if isinstance(window, Unreadable) else input_of(window, spec)


def input_of(window: DecodedWindow, spec: ClipSpec, device: torch.device = CPU) -> ClipInput:
    """Return the model input of a decoded window, computed on the model's device."""
    if device.type == "cpu":
        return ClipInput(preprocess(window.frames, spec), window.timestamps)
    return ClipInput(preprocess_on(device, window.frames, spec), window.timestamps)


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Generator[Result]:
    """Yield `work(item)` for every item, in order, computed by threads that use one core each.

    Torch and OpenCV start no threads of their own meanwhile: when other processes compete for the
    cores, threads that wait for each other inside one convolution lose over a third of the time.

    Args:
        work: called in a thread.
        items: consumed as needed.
        workers: number of threads; at most two results per thread wait for the consumer.
    """
    waiting = iter(items)
    with _one_core_each(), ThreadPoolExecutor(workers, initializer=_one_core) as pool:
        pending: deque[Future[Result]] = deque()
        try:
            while True:
                for item in islice(waiting, 2 * workers - len(pending)):
                    pending.append(pool.submit(work, item))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _one_core() -> None:
    torch.set_num_threads(1)


@contextmanager
def _one_core_each() -> Iterator[None]:
    torch_threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv2_threads)
