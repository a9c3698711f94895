"""Embeddings and predictions of clips: decode, preprocess, one forward pass.

Running the model on many clips belongs here; reading frames (`analysis.model.clip_inputs`), the
network (`analysis.model.video_classifier`) and the latent space (`analysis.latent_space`) do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import torch

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode, DecodedWindow, decode_window
from insight_dagster.analysis.embeddings.predictions import identity_columns, prediction_rows
from insight_dagster.analysis.model.clip_inputs import ClipInput, in_threads, input_of, load_window
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.errors import Unreadable

__all__ = ["Clip", "EmbeddedClips", "embed_clips"]

_Output = tuple[np.ndarray, np.ndarray]
_Load = Callable[[Clip], ClipInput | Unreadable]
Visit = Callable[[Clip, DecodedWindow | Unreadable], None]
"""Receives what was decoded of a clip, or why nothing was; called from several threads."""


@dataclass(frozen=True)
class EmbeddedClips:
    """Embeddings and predictions, and the reasons why clips have none.

    Attributes:
        embeddings: rows of `tables.EMBEDDINGS`, one for each clip that could be decoded.
        predictions: rows of `tables.PREDICTIONS` for the same clips, in the same order.
        problems: what is wrong with every other clip, by clip_id.
    """

    embeddings: pa.Table
    predictions: pa.Table
    problems: dict[str, Unreadable]

    def __post_init__(self) -> None:
        """Check that both tables have the same clips."""
        if not self.embeddings["clip_id"].equals(self.predictions["clip_id"]):
            raise ValueError(
                f"embeddings ({len(self.embeddings)} rows) and predictions "
                f"({len(self.predictions)} rows) must hold the same clips in the same order"
            )


def embed_clips(
    clips: Sequence[Clip],
    classifier: VideoClassifier,
    *,
    batch_size: int = 8,
    workers: int = 2,
    decode: Decode = decode_window,
    visit: Visit | None = None,
    progress: Callable[[int], None] | None = None,
) -> EmbeddedClips:
    """Compute embeddings and predictions of clips, in the given order.

    Clips with the same `content_key` are decoded and run once. On a CPU the rows do not depend on
    `batch_size`, `workers` or the order; on a GPU every pass has `batch_size` clips (padded), and
    another batch size changes numbers by less than 1e-4 of their spread.

    Args:
        clips: clips to run.
        classifier: the model.
        batch_size: clips per forward pass on a GPU; a CPU runs them one by one.
        workers: decoding threads; on a CPU, where they run the model too, at least as many as
            torch has threads.
        decode: reads a clip's frames.
        visit: called with the decoded frames of each content, for other uses of them.
        progress: called with the number of clips that were just finished.

    Returns:
        Rows, and reasons for clips that could not be decoded; no clip makes the others fail.

    Raises:
        ModelError: the model's output is not finite.
    """
    copies = Counter(clip.content_key for clip in clips)
    firsts = list({clip.content_key: clip for clip in reversed(clips)}.values())[::-1]
    outputs: dict[str, _Output | Unreadable] = {}
    run = _run_in_threads if classifier.clips_per_pass == 1 else _run_batches

    def load(clip: Clip) -> ClipInput | Unreadable:
        window = load_window(clip, classifier.spec, decode)
        if visit is not None:
            visit(clip, window)
        if isinstance(window, Unreadable):
            return window
        return input_of(window, classifier.spec, classifier.device)

    with closing(run(firsts, load, classifier, batch_size=batch_size, workers=workers)) as results:
        for clip, result in zip(firsts, results, strict=True):
            outputs[clip.content_key] = result
            if progress is not None:
                progress(copies[clip.content_key])
    return _tables(clips, classifier, outputs)


def _run_in_threads(
    clips: list[Clip],
    load: _Load,
    classifier: VideoClassifier,
    *,
    batch_size: int,
    workers: int,
) -> Generator[_Output | Unreadable]:
    """Yield outputs on a CPU: each thread decodes a clip and runs it, which keeps cores busy."""

    def chain(clip: Clip) -> _Output | Unreadable:
        loaded = load(clip)
        if isinstance(loaded, Unreadable):
            return loaded
        result = classifier.predict(loaded.tensor.unsqueeze(0))
        return result.logits[0], result.embedding[0]

    return in_threads(chain, clips, workers=max(workers, torch.get_num_threads()))


def _run_batches(
    clips: list[Clip],
    load: _Load,
    classifier: VideoClassifier,
    *,
    batch_size: int,
    workers: int,
) -> Generator[_Output | Unreadable]:
    """Yield outputs on a GPU: threads decode ahead of the batches."""
    with closing(in_threads(load, clips, workers=workers)) as inputs:
        while batch := list(islice(inputs, batch_size)):
            tensors = [each.tensor for each in batch if isinstance(each, ClipInput)]
            outputs = iter(_run_padded(classifier, tensors, batch_size))
            for each in batch:
                yield each if isinstance(each, Unreadable) else next(outputs)


def _run_padded(
    classifier: VideoClassifier, tensors: list[torch.Tensor], size: int
) -> list[_Output]:
    if not tensors:
        return []
    # Always one shape: a GPU's kernels, and with them the rounding, depend on the batch size.
    blank = torch.zeros_like(tensors[0])
    result = classifier.predict(torch.stack(tensors + [blank] * (size - len(tensors))))
    return list(zip(result.logits, result.embedding, strict=True))[: len(tensors)]


def _tables(
    clips: Sequence[Clip],
    classifier: VideoClassifier,
    outputs: dict[str, _Output | Unreadable],
) -> EmbeddedClips:
    found = [(clip, outputs[clip.content_key]) for clip in clips]
    numbers = [(clip, *result) for clip, result in found if not isinstance(result, Unreadable)]
    done = [clip for clip, _, _ in numbers]
    logits = np.array([row for _, row, _ in numbers]).reshape(-1, len(classifier.labels))
    vectors = np.array([row for _, _, row in numbers], np.float32)
    flat = pa.array(vectors.ravel(), pa.float32())
    columns = {
        **identity_columns(done, classifier.fingerprint),
        "embedding": pa.FixedSizeListArray.from_arrays(flat, classifier.dimension),
    }
    return EmbeddedClips(
        embeddings=pa.table({name: columns[name] for name in tables.EMBEDDINGS.column_names}),
        predictions=prediction_rows(
            done, logits, labels=classifier.labels, model_fingerprint=classifier.fingerprint
        ),
        problems={clip.clip_id: result for clip, result in found if isinstance(result, Unreadable)},
    )
