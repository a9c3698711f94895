"""Embeddings and predictions of clips: decode, preprocess, one pass through the model.

Running the model over many clips belongs here; reading frames (`clip_inputs.py`), the network
(`inference.py`) and what follows from the vectors (`latent_space.py`) do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from insight_dagster import tables
from insight_dagster.analysis.clip_inputs import ClipInput, clip_inputs
from insight_dagster.analysis.clips import ClipToMeasure
from insight_dagster.analysis.inference import ModelOutput, VideoClassifier
from insight_dagster.analysis.predictions import identity_columns, prediction_rows

__all__ = ["ClipToMeasure", "EmbeddedClips", "embed_clips"]


@dataclass(frozen=True)
class EmbeddedClips:
    """Rows in the order asked for, and why clips are missing.

    Attributes:
        embeddings: rows of `tables.EMBEDDINGS`, one for each clip that could be decoded.
        predictions: rows of `tables.PREDICTIONS` for the same clips.
        problems: reason by clip_id for every other clip.
    """

    embeddings: pa.Table
    predictions: pa.Table
    problems: dict[str, str]

    def __post_init__(self) -> None:
        """Check that both tables have the same clips."""
        if not self.embeddings["clip_id"].equals(self.predictions["clip_id"]):
            raise ValueError(
                f"embeddings ({len(self.embeddings)} rows) and predictions "
                f"({len(self.predictions)} rows) must hold the same clips in the same order"
            )


def embed_clips(
    clips: Sequence[ClipToMeasure],
    classifier: VideoClassifier,
    *,
    batch_size: int = 8,
    workers: int = 2,
    progress: Callable[[int], None] | None = None,
) -> EmbeddedClips:
    """Embeddings and predictions of clips, in the order given.

    Identical content (same `content_key`) is decoded and run once. On a CPU the rows do not
    depend on `batch_size`, `workers` or the order at all; on a GPU every pass has `batch_size`
    clips (padded), and another batch size changes numbers by about 1e-5 of their spread.

    Args:
        clips: what to run.
        classifier: the model.
        batch_size: clips in one pass on a GPU; a CPU takes them one by one.
        workers: decoding threads.
        progress: called with the number of clips that were just finished.

    Returns:
        Rows, and reasons for clips that could not be decoded. No clip makes the others fail.

    Raises:
        ModelError: the model's output is not finite.
    """
    copies = Counter(clip.content_key for clip in clips)
    firsts = list({clip.content_key: clip for clip in reversed(clips)}.values())[::-1]
    outputs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    reasons: dict[str, str] = {}
    group = classifier.clips_per_pass or batch_size
    for batch in _batches(clip_inputs(firsts, classifier.spec, workers=workers), group):
        ready = [(clip, each) for clip, each in batch if isinstance(each, ClipInput)]
        reasons |= {clip.content_key: each for clip, each in batch if isinstance(each, str)}
        if ready:
            result = _run(classifier, [each.tensor for _, each in ready], group)
            rows = zip(ready, result.logits, result.embedding, strict=True)
            outputs |= {clip.content_key: (scores, vector) for (clip, _), scores, vector in rows}
        if progress is not None:
            progress(sum(copies[clip.content_key] for clip, _ in batch))
    return _tables(clips, classifier, outputs, reasons)


def _batches(
    inputs: Iterable[tuple[ClipToMeasure, ClipInput | str]], size: int
) -> Iterator[list[tuple[ClipToMeasure, ClipInput | str]]]:
    batch: list[tuple[ClipToMeasure, ClipInput | str]] = []
    for each in inputs:
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _run(classifier: VideoClassifier, tensors: list[torch.Tensor], size: int) -> ModelOutput:
    # Always one shape: a GPU picks its kernels, and so its rounding, by the batch's size.
    blank = torch.zeros_like(tensors[0])
    result = classifier.predict(torch.stack(tensors + [blank] * (size - len(tensors))))
    return ModelOutput(result.logits[: len(tensors)], result.embedding[: len(tensors)])


def _tables(
    clips: Sequence[ClipToMeasure],
    classifier: VideoClassifier,
    outputs: dict[str, tuple[np.ndarray, np.ndarray]],
    reasons: dict[str, str],
) -> EmbeddedClips:
    done = [clip for clip in clips if clip.content_key in outputs]
    logits = np.empty((len(done), len(classifier.labels)), np.float32)
    vectors = np.empty((len(done), classifier.dimension), np.float32)
    for row, clip in enumerate(done):
        logits[row], vectors[row] = outputs[clip.content_key]
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
        problems={
            clip.clip_id: reasons[clip.content_key] for clip in clips if clip.content_key in reasons
        },
    )
