"""Heatmap bundles: what the model looked at in a clip, as an attribution volume and a picture.

Running attribution over clips and writing the files belongs here; the numbers (`attribution.py`),
the drawing (`heatmap_picture.py`) and the choice of clips (`examples.py`) do not.
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
    """The files of one clip and target.

    Attributes:
        grid_path: PNG of the model's input frames under the attribution.
        volume_path: npz with `volume` (T, S, S) float16 in 0-1, `scale` (what 1 stands for, in
            units of the Grad-CAM of the logit) and `timestamps` (T,) in seconds.
    """

    grid_path: Path
    volume_path: Path


@dataclass(frozen=True)
class BundleSet:
    """Bundles of several clips.

    Attributes:
        rows: columns of `tables.HEATMAP_BUNDLES` but `insight_ids`, in the order asked for.
        problems: reason by clip_id for every clip that has no bundle.
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
    """Write the heatmap bundle of every clip for its target.

    Each file is complete or absent, and named by clip, target, method and model: what a table
    row names is what that row describes, whichever model runs later.

    Args:
        clips: what to explain; a clip may come again with another target.
        classifier: the model.
        targets: for each clip, the label whose logit is explained.
        folder: where the files go; created when missing.
        home: folder that the rows' paths are relative to.
        workers: threads, each of which takes a clip from decoding to its files.
        decode: reads a clip's frames.
        progress: called with 1 for every clip that is finished.

    Raises:
        ValueError: another number of targets than clips.
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

    Raises:
        ModelError: the clip cannot be decoded, or the model does not have the target.
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
    each: ClipInput,
    classifier: VideoClassifier,
    target: str,
    folder: Path,
) -> HeatmapBundle:
    found = grad_cam(classifier, each.tensor.unsqueeze(0), [target])
    volume = found.volumes[0]
    scale = float(volume.max())
    share = volume / scale if scale > 0 else volume
    caption = _caption(clip, classifier, target, found.logits[0], empty=scale <= 0)
    picture = draw_grid(each.frames(classifier.spec), share, each.timestamps, caption)
    bundle = _paths(clip, classifier, target, folder)
    write_atomically(
        bundle.grid_path, lambda path: picture.save(path, format="PNG", compress_level=4)
    )
    write_atomically(
        bundle.volume_path, lambda path: _save_volume(path, share, scale, each.timestamps)
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
