"""Heatmap bundles: the attribution volume of a clip and a picture of it, as files.

Running attribution over clips and writing the files belongs here; the attribution (`grad_cam`), the
drawing (`heatmap_picture`) and the choice of clips (`example_clips`) do not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.special import softmax

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode, decode_window
from insight_dagster.analysis.heatmaps.grad_cam import METHOD, grad_cam
from insight_dagster.analysis.heatmaps.heatmap_picture import Caption, draw_grid
from insight_dagster.analysis.model.clip_inputs import ClipInput, in_threads, load_input
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.errors import ModelError, Skipped, Unreadable
from insight_dagster.files.atomic import write_atomically


@dataclass(frozen=True)
class HeatmapBundle:
    """The files for one clip and target.

    Attributes:
        grid_path: PNG of the model's input frames, coloured by the attribution.
        volume_path: npz file with `volume`, (T, S, S) float16 in 0-1, `scale`, the Grad-CAM value
            of 1, and `timestamps`, (T,) in seconds.
    """

    grid_path: Path
    volume_path: Path


@dataclass(frozen=True)
class BundleSet:
    """Bundles of several clips.

    Attributes:
        rows: rows of `tables.HEATMAP_BUNDLES` without `insight_ids`, in the order of the clips.
        problems: reason by clip_id for each clip without a bundle.
    """

    rows: pa.Table
    problems: dict[str, str]


def make_bundles(
    clips: Sequence[Clip],
    classifier: VideoClassifier,
    *,
    targets: Sequence[str],
    folder: Path,
    home: Path,
    workers: int = 2,
    decode: Decode = decode_window,
    progress: Callable[[int], None] | None = None,
) -> BundleSet:
    """Write the heatmap bundle of each clip for its target.

    Files are written atomically. Their names depend on clip, target, method and model, so that a
    later run with another model does not change the files that a table row refers to.

    Args:
        clips: clips to explain; a clip may occur again with another target.
        classifier: the model.
        targets: label of each clip whose logit is explained.
        folder: folder of the files; created if it is missing.
        home: folder that the rows' paths are relative to.
        workers: number of threads, each of which processes one clip at a time.
        decode: decodes the frames of a clip.
        progress: called with 1 for each finished clip.

    Raises:
        ValueError: the numbers of clips and targets differ.
        OSError: the folder cannot be written.
    """
    if len(targets) != len(clips):
        raise ValueError(f"{len(clips)} clips need as many targets, got {len(targets)}")
    folder.mkdir(parents=True, exist_ok=True)
    made: list[tuple[Clip, str, HeatmapBundle]] = []
    problems: dict[str, str] = {}

    def work(pair: tuple[Clip, str]) -> HeatmapBundle | Unreadable | Skipped:
        return _attempt(pair[0], classifier, pair[1], folder, decode)

    pairs = list(zip(clips, targets, strict=True))
    results = in_threads(work, pairs, workers=workers)
    for (clip, target), result in zip(pairs, results, strict=True):
        if isinstance(result, HeatmapBundle):
            made.append((clip, target, result))
        else:
            problems[clip.clip_id] = result.reason
        if progress is not None:
            progress(1)
    return BundleSet(_rows(made, classifier, home), problems)


def make_bundle(
    clip: Clip, classifier: VideoClassifier, *, target: str, folder: Path
) -> HeatmapBundle:
    """Write the heatmap bundle of one clip.

    Args:
        clip: the clip to explain.
        classifier: the model.
        target: label whose logit is explained.
        folder: folder of the files; created if it is missing.

    Raises:
        ModelError: the clip cannot be decoded, or the model does not have the label.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    result = _attempt(clip, classifier, target, folder, decode_window)
    if not isinstance(result, HeatmapBundle):
        raise ModelError(f"no heatmap of {clip.path}: {result.reason}")
    return result


def _attempt(
    clip: Clip, classifier: VideoClassifier, target: str, folder: Path, decode: Decode
) -> HeatmapBundle | Unreadable | Skipped:
    if target not in classifier.labels:
        return Skipped(f"the model has no label {target!r} to explain")
    loaded = load_input(clip, classifier.spec, decode)
    if isinstance(loaded, Unreadable):
        return loaded
    return _explain(clip, loaded, classifier, target, folder)


def _explain(
    clip: Clip,
    loaded: ClipInput,
    classifier: VideoClassifier,
    target: str,
    folder: Path,
) -> HeatmapBundle:
    explanation = grad_cam(classifier, loaded.tensor.unsqueeze(0), [target])
    volume = explanation.volumes[0]
    scale = float(volume.max())
    share = volume / scale if scale > 0 else volume
    caption = _caption(clip, classifier, target, explanation.logits[0], empty=scale <= 0)
    picture = draw_grid(loaded.frames(classifier.spec), share, loaded.timestamps, caption)
    bundle = _paths(clip, classifier, target, folder)
    write_atomically(
        bundle.grid_path, lambda path: picture.save(path, format="PNG", compress_level=4)
    )
    write_atomically(
        bundle.volume_path, lambda path: _save_volume(path, share, scale, loaded.timestamps)
    )
    return bundle


def _caption(
    clip: Clip,
    classifier: VideoClassifier,
    target: str,
    logits: np.ndarray,
    *,
    empty: bool,
) -> Caption:
    probabilities = softmax(logits.astype(np.float64))
    best = int(probabilities.argmax())
    return Caption(
        label=clip.class_name,
        predicted=classifier.labels[best],
        probability=float(probabilities[best]),
        target=target,
        target_probability=float(probabilities[classifier.index_of(target)]),
        random_weights=classifier.random_weights,
        empty=empty,
    )


def _paths(clip: Clip, classifier: VideoClassifier, target: str, folder: Path) -> HeatmapBundle:
    described = "\n".join((clip.content_key, target, METHOD, classifier.fingerprint))
    name = f"{clip.clip_id}-{hashlib.sha256(described.encode()).hexdigest()[:12]}"
    return HeatmapBundle(folder / f"{name}.png", folder / f"{name}.npz")


def _save_volume(path: Path, share: np.ndarray, scale: float, timestamps: np.ndarray) -> None:
    with path.open("wb") as out:
        np.savez_compressed(
            out,
            volume=share.astype(np.float16),
            scale=np.float32(scale),
            timestamps=timestamps,
        )


def _rows(
    made: Sequence[tuple[Clip, str, HeatmapBundle]],
    classifier: VideoClassifier,
    home: Path,
) -> pa.Table:
    columns = {
        "clip_id": [clip.clip_id for clip, _, _ in made],
        "class_name": [clip.class_name for clip, _, _ in made],
        "content_key": [clip.content_key for clip, _, _ in made],
        "model_fingerprint": [classifier.fingerprint] * len(made),
        "target": [target for _, target, _ in made],
        "method": [METHOD] * len(made),
        "path": [os.path.relpath(bundle.grid_path, home) for _, _, bundle in made],
        "volume_path": [os.path.relpath(bundle.volume_path, home) for _, _, bundle in made],
    }
    names = [name for name in tables.HEATMAP_BUNDLES.column_names if name != "insight_ids"]
    return pa.table({name: pa.array(columns[name], pa.string()) for name in names})
