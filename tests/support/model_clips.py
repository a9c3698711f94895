"""Small models and tiny clips for the tests of everything that runs the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import torch
from torch import nn

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import content_key, identify
from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.analysis.model.x3d import VARIANTS, build_x3d
from insight_dagster.settings.model_spec import ModelSpec

LABELS = ("climb", "dunk", "glide")


def trained_network(labels: tuple[str, ...] = LABELS, *, seed: int = 7) -> nn.Module:
    """Return a demo X3D with random batch norms, as after training, instead of identities."""
    torch.manual_seed(seed)
    network = build_x3d(VARIANTS["demo"], classes=len(labels)).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    network.blocks[5].proj.weight.data.normal_(0, 0.1)
    return network


def save_checkpoint(path: Path, **changes: object) -> Path:
    """Write a checkpoint of `trained_network` with entries replaced or, if None, left out."""
    held = {"model_state": trained_network().state_dict(), "labels": list(LABELS)} | changes
    torch.save({key: value for key, value in held.items() if value is not None}, path)
    return path


def demo_classifier(folder: Path) -> VideoClassifier:
    """Return `trained_network` as a classifier on the CPU with torch, for exact comparisons."""
    path = save_checkpoint(folder / "trained.pt")
    spec = ModelSpec(weights=str(path), weights_folder=folder, device="cpu", engine="torch")
    return load_classifier(spec)


def load_model(folder: Path, **settings: object) -> VideoClassifier:
    """Load a classifier with random weights on the CPU, unless the settings say otherwise."""
    given = {"weights": "random", "weights_folder": folder, "device": "cpu"}
    return load_classifier(ModelSpec.model_validate(given | settings))


def labels_file(folder: Path, labels: Sequence[str], name: str = "labels.txt") -> Path:
    """Write a label list."""
    path = folder / name
    path.write_text("\n".join(labels) + "\n", encoding="utf-8")
    return path


def write_clip(path: Path, *, seed: int, frames: int = 60) -> Path:
    """Write an MP4 of a bright square that crosses a random texture, 160 x 120 at 30 fps."""
    rng = np.random.default_rng(seed)
    texture = rng.integers(0, 200, (15, 20, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(frames):
            picture = texture.copy()
            picture[40:80, 2 * number : 2 * number + 30] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def clip_of(
    path: Path, class_name: str = "climb", window: tuple[float, float | None] = (0.0, None)
) -> Clip:
    """Return a clip of a file, or of a part of it."""
    start, end = window
    key = content_key(identify(path).sha256, start, end) if path.is_file() else path.name
    return Clip(f"{key[:8]}{class_name}", class_name, key, path, start, end)
