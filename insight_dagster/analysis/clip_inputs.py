"""Clips to model inputs, decoded by threads ahead of the model, in order and in bounded memory.

Joining decoding and preprocessing belongs here; each of them (`decoding.py`, `preprocessing.py`)
and what the model does with the result (`embeddings.py`, `heatmap_bundles.py`) do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from insight_dagster.analysis.clips import ClipToMeasure
from insight_dagster.analysis.decoding import decode_window
from insight_dagster.analysis.preprocessing import ClipSpec, preprocess
from insight_dagster.errors import DecodeError


@dataclass(frozen=True)
class ClipInput:
    """What the model gets to see of a clip.

    Attributes:
        tensor: (3, T, S, S) float32, normalised.
        timestamps: (T,) float64, seconds since the video's first picture.
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

    def pictures(self, spec: ClipSpec) -> np.ndarray:
        """The frames (T, S, S, 3) uint8 RGB that were normalised."""
        mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
        levels = (self.tensor.permute(1, 2, 3, 0) * std + mean) * 255.0
        return levels.round().clamp(0, 255).to(torch.uint8).numpy()


def clip_inputs(
    clips: Sequence[ClipToMeasure], spec: ClipSpec, *, workers: int
) -> Iterator[tuple[ClipToMeasure, ClipInput | str]]:
    """Every clip in order, with its input, or with the reason why it has none.

    Args:
        clips: what to decode.
        spec: what the model wants of a clip.
        workers: decoding threads; two clips a thread are held ready at most.
    """
    waiting = iter(clips)
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        pending = deque((clip, pool.submit(_load, clip, spec)) for clip in islice(waiting, workers))
        try:
            while pending:
                for clip in islice(waiting, 2 * workers + 1 - len(pending)):
                    pending.append((clip, pool.submit(_load, clip, spec)))
                clip, loading = pending.popleft()
                yield clip, loading.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _load(clip: ClipToMeasure, spec: ClipSpec) -> ClipInput | str:
    try:
        window = decode_window(
            clip.path,
            start=clip.start,
            seconds=spec.seconds,
            num_frames=spec.num_frames,
            end=clip.end,
            decoder=clip.decoder,
        )
    except DecodeError as problem:
        return str(problem)
    except OSError as problem:
        return f"the file cannot be read ({problem.strerror or problem})"
    return ClipInput(preprocess(window.frames, spec), window.timestamps)
