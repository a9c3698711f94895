"""The classifier by name: variant, weights and labels put together, once per process.

Choosing and loading belong here; running the network (`inference.py`), its architecture
(`x3d.py`) and its weight files (`weights.py`, `checkpoint.py`) do not.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from insight_dagster.analysis.model import pretrained_weights as weight_files
from insight_dagster.analysis.model.checkpoint import (
    Checkpoint,
    kinetics_labels,
    load_state,
    read_checkpoint,
    read_labels,
)
from insight_dagster.analysis.model.preprocessing import PREPROCESSING_VERSION
from insight_dagster.analysis.model.second_embedding import (
    SECOND_TAP,
    SecondEmbedding,
    load_second_embedding,
)
from insight_dagster.analysis.model.video_classifier import (
    RANDOM_MARK,
    ModelOutput,
    VideoClassifier,
)
from insight_dagster.analysis.model.x3d import (
    VARIANTS,
    Variant,
    build_x3d,
    variant_named,
    zoo_address,
)
from insight_dagster.errors import ModelError

__all__ = ["VARIANTS", "ModelOutput", "Variant", "VideoClassifier", "load_classifier"]


@dataclass(frozen=True)
class _Runs:
    """What a model runs on and with."""

    device: torch.device
    engine: str
    precision: str
    second: str | None


_loaded: dict[tuple, VideoClassifier] = {}
_loading = threading.Lock()
_KEPT = 2


def load_classifier(
    *,
    variant: str,
    weights: str,
    labels_path: Path | None = None,
    folder: Path,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "float32",
    second: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> VideoClassifier:
    """The classifier, ready to run; a second call with the same arguments and files returns it.

    Args:
        variant: xs, s, m, l or demo.
        weights: `pretrained` (model zoo, cached in `folder`), `random`, or a checkpoint's path.
        labels_path: label list; needed when the checkpoint holds none, wins when it does.
        folder: cache of pretrained weights.
        device: auto (CUDA if there is one, else CPU) or a torch device name.
        engine: one of `engines.ENGINES`.
        precision: one of `engines.PRECISIONS`; bfloat16 is part of the fingerprint.
        second: a second embedding, as `load_second_embedding` takes it; part of the fingerprint.
        seed: of the random weights.
        progress: told of download progress, as (bytes there, bytes wanted).

    Raises:
        WeightsUnavailableError: pretrained weights are neither cached nor reachable.
        ModelError: anything else about the model, its files or the device.
    """
    chosen = variant_named(variant)
    place = pick_device(device)
    path = _weights_path(chosen, weights, folder, progress)
    runs = _Runs(place, engine, precision, second)
    second_stamp = _stamp(Path(second)) if second else None
    stamps = (_stamp(path), _stamp(labels_path), second_stamp)
    key = (variant, seed if path is None else None, runs, *stamps)
    with _loading:
        if key not in _loaded:
            while len(_loaded) >= _KEPT:
                _loaded.pop(next(iter(_loaded)))
            _loaded[key] = _load(chosen, path, labels_path, seed, runs)
            if weights == "pretrained" and path is not None:
                weight_files.record_if_missing(path)
        return _loaded[key]


def pick_device(name: str) -> torch.device:
    """The torch device of that name; `auto` is CUDA where there is one, else the CPU.

    Raises:
        ModelError: the name means nothing, or this machine does not have the device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).splitlines()[0]
        raise ModelError(
            f"device {name!r} cannot be used ({reason}); choose auto, cpu or cuda:<number>"
        ) from problem
    return device


def _weights_path(
    variant: Variant,
    weights: str,
    folder: Path,
    progress: Callable[[int, int | None], None] | None,
) -> Path | None:
    if weights == "random":
        return None
    if weights == "pretrained":
        return weight_files.fetch(zoo_address(variant), folder, progress=progress)
    return Path(weights).expanduser()


def _stamp(path: Path | None) -> tuple | None:
    # A file replaced under a long-lived process must not be answered with the old model.
    if path is None or not path.is_file():
        return None
    facts = path.stat()
    return str(path.resolve()), facts.st_size, facts.st_mtime_ns


def _load(
    variant: Variant,
    path: Path | None,
    labels_path: Path | None,
    seed: int,
    runs: _Runs,
) -> VideoClassifier:
    checkpoint = None if path is None else read_checkpoint(path)
    labels = _labels(variant, checkpoint, labels_path)
    network = _network(variant, checkpoint, labels, seed)
    spec = variant.spec if checkpoint is None else checkpoint.spec(variant.spec)
    digest = checkpoint.sha256 if checkpoint else _hash_of_state(network)
    second = None
    if runs.second:
        shape = (1, 3, spec.num_frames, spec.crop, spec.crop)
        second = load_second_embedding(runs.second, shape=shape, device=runs.device, seed=seed)
    marks = _marks(runs.precision, second, None if checkpoint else seed)
    return VideoClassifier(
        network,
        variant=variant.name,
        spec=spec,
        labels=labels,
        fingerprint=_fingerprint(variant, digest, labels, marks),
        device=runs.device,
        engine=runs.engine,
        precision=runs.precision,
        second=second,
        random_weights=checkpoint is None,
    )


def _labels(
    variant: Variant, checkpoint: Checkpoint | None, labels_path: Path | None
) -> tuple[str, ...]:
    source = f"label list {labels_path}"
    if labels_path is not None:
        labels = read_labels(labels_path)
    elif checkpoint is not None and checkpoint.labels is not None:
        labels, source = checkpoint.labels, "its label list"
    elif variant.zoo_name and (checkpoint is None or checkpoint.path.name == _zoo_file(variant)):
        labels, source = kinetics_labels(), "the Kinetics-400 label list"
    else:
        what = "random weights" if checkpoint is None else f"checkpoint {checkpoint.path}"
        raise ModelError(
            f"{what} (variant {variant.name}) come without labels; "
            "give a label list, one label a line in index order"
        )
    if checkpoint is not None and len(labels) != checkpoint.classes:
        raise ModelError(
            f"checkpoint {checkpoint.path} has {checkpoint.classes} outputs, but {source} has "
            f"{len(labels)} labels; give the list that it was trained with"
        )
    return labels


def _zoo_file(variant: Variant) -> str:
    return zoo_address(variant).rsplit("/", 1)[-1]


def _network(
    variant: Variant, checkpoint: Checkpoint | None, labels: tuple[str, ...], seed: int
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_x3d(variant, classes=len(labels))
    if checkpoint is not None:
        load_state(network, checkpoint, variant=variant.name)
    return network


def _hash_of_state(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _marks(precision: str, second: SecondEmbedding | None, seed: int | None) -> str:
    """What else makes it another model."""
    half = "" if precision == "float32" else f"-{precision}"
    more = "" if second is None else f"-{SECOND_TAP}.{second.digest[:8]}"
    return half + more + ("" if seed is None else f"{RANDOM_MARK}{seed}")


def _fingerprint(variant: Variant, digest: str, labels: tuple[str, ...], marks: str) -> str:
    listed = hashlib.sha256(json.dumps(labels).encode()).hexdigest()
    return f"x3d_{variant.name}-{digest[:16]}-{listed[:8]}-p{PREPROCESSING_VERSION}{marks}"
