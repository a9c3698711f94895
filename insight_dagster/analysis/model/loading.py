"""Loading a classifier: variant, weights and labels put together, once per process.

Choosing and loading belong here; running the network (`video_classifier`), its architecture
(`x3d`) and its files (`pretrained_weights`, `checkpoint`) do not. `_load` builds the network;
another family of models is another such function.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import torch
from torch import nn

from insight_dagster.analysis.model import pretrained_weights as weight_files
from insight_dagster.analysis.model.checkpoint import (
    Checkpoint,
    load_state,
    read_checkpoint,
)
from insight_dagster.analysis.model.label_list import kinetics_labels, read_labels
from insight_dagster.analysis.model.preprocessing import PREPROCESSING_VERSION, ClipSpec
from insight_dagster.analysis.model.pretrained_weights import DownloadProgress
from insight_dagster.analysis.model.second_embedding import (
    SECOND_TAP,
    SecondEmbedding,
    load_second_embedding,
)
from insight_dagster.analysis.model.video_classifier import (
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
from insight_dagster.settings.model_spec import ModelSpec
from insight_dagster.tables.identity import RANDOM_MARK

__all__ = ["VARIANTS", "ModelOutput", "Variant", "VideoClassifier", "load_classifier"]


_loaded: dict[tuple, VideoClassifier] = {}
_loading = threading.Lock()
_KEPT = 2


def load_classifier(
    spec: ModelSpec, *, progress: DownloadProgress | None = None
) -> VideoClassifier:
    """Return the classifier, ready to run; the same object while spec and files stay the same.

    Args:
        spec: the model; pretrained weights are cached in its `weights_folder`.
        progress: called with the bytes downloaded and the bytes expected.

    Raises:
        WeightsUnavailableError: pretrained weights are neither cached nor reachable.
        ModelError: anything else about the model, its files or the device.
    """
    device = pick_device(spec.device)
    path = _weights_path(spec, progress)
    second = Path(spec.second_embedding) if spec.second_embedding else None
    stamps = tuple(_stamp(each) for each in (path, spec.labels, second))
    key = (spec.model_copy(update={"device": str(device)}), stamps)
    with _loading:
        if key not in _loaded:
            while len(_loaded) >= _KEPT:
                _loaded.pop(next(iter(_loaded)))
            _loaded[key] = _load(spec, path, device)
            if spec.weights == "pretrained" and path is not None:
                weight_files.record_if_missing(path)
        return _loaded[key]


def pick_device(name: str) -> torch.device:
    """Return the torch device of that name; `auto` is CUDA if available, else the CPU.

    Raises:
        ModelError: the name is unknown, or this machine does not have the device.
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


def _weights_path(spec: ModelSpec, progress: DownloadProgress | None) -> Path | None:
    if spec.weights == "random":
        return None
    if spec.weights == "pretrained":
        address = zoo_address(variant_named(spec.variant))
        return weight_files.fetch(address, spec.weights_folder, progress=progress)
    return Path(spec.weights).expanduser()


def _stamp(path: Path | None) -> tuple | None:
    # A long-lived process must not keep the old model after its file was replaced.
    if path is None or not path.is_file():
        return None
    facts = path.stat()
    return str(path.resolve()), facts.st_size, facts.st_mtime_ns


def _load(spec: ModelSpec, path: Path | None, device: torch.device) -> VideoClassifier:
    variant = variant_named(spec.variant)
    checkpoint = None if path is None else read_checkpoint(path)
    labels = _labels(variant, checkpoint, spec.labels)
    network = _network(variant, checkpoint, labels, spec.seed)
    clip_spec = variant.spec if checkpoint is None else checkpoint.spec(variant.spec)
    digest = checkpoint.sha256 if checkpoint else _hash_of_state(network)
    second = _second_embedding(spec, clip_spec, device)
    return VideoClassifier(
        network,
        model=spec,
        spec=clip_spec,
        labels=labels,
        fingerprint=_fingerprint(variant, digest, labels)
        + _marks(spec, second, trained=checkpoint is not None),
        device=device,
        second=second,
        weights_file=path,
    )


def _second_embedding(
    spec: ModelSpec, clip_spec: ClipSpec, device: torch.device
) -> SecondEmbedding | None:
    if not spec.second_embedding:
        return None
    shape = (1, 3, clip_spec.num_frames, clip_spec.crop, clip_spec.crop)
    return load_second_embedding(spec.second_embedding, shape=shape, device=device, seed=spec.seed)


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
            f"{what} (variant {variant.name}) without labels; set `labels` to a label list, "
            "one label per line in index order"
        )
    if checkpoint is not None and len(labels) != checkpoint.classes:
        raise ModelError(
            f"checkpoint {checkpoint.path} has {checkpoint.classes} outputs, but {source} has "
            f"{len(labels)} labels; set `labels` to the list that it was trained with"
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


def _fingerprint(variant: Variant, digest: str, labels: tuple[str, ...]) -> str:
    listed = hashlib.sha256(json.dumps(labels).encode()).hexdigest()
    return f"x3d_{variant.name}-{digest[:16]}-{listed[:8]}-p{PREPROCESSING_VERSION}"


def _marks(spec: ModelSpec, second: SecondEmbedding | None, *, trained: bool) -> str:
    """Return the end of the fingerprint: settings that change the model's outputs."""
    half = "" if spec.precision == "float32" else f"-{spec.precision}"
    more = "" if second is None else f"-{SECOND_TAP}.{second.digest[:8]}"
    return half + more + ("" if trained else f"{RANDOM_MARK}{spec.seed}")
