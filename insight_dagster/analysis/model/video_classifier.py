"""The video classifier: an X3D in inference form that maps clips to logits and embeddings.

Running the network belongs here; loading it (`loading`), its architecture (`x3d`) and decoding do
not.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from insight_dagster.analysis.model.engines import (
    Engine,
    OpenVinoEngine,
    TorchEngine,
    channels_last,
    choose_engine,
    exact_kernels,
)
from insight_dagster.analysis.model.onednn import speed_up
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.analysis.model.second_embedding import SECOND_TAP, SecondEmbedding
from insight_dagster.analysis.model.x3d import fuse_batch_norms
from insight_dagster.errors import ModelError
from insight_dagster.settings.model_spec import ModelSpec

_STAGE_TAPS = {3: "blocks.3", 4: "blocks.4"}
_HEAD_TAP = "blocks.5.pool"


@dataclass(frozen=True)
class ModelOutput:
    """The model's outputs for a batch.

    Attributes:
        logits: (B, C) float32, scores before the softmax, averaged over the head's positions.
        embedding: (B, D) float32, the taps' activations averaged over positions, concatenated;
            the second embedding last.
    """

    logits: np.ndarray
    embedding: np.ndarray

    def __post_init__(self) -> None:
        """Check shapes and that the numbers are finite."""
        if self.logits.ndim != 2 or self.embedding.shape[:1] != self.logits.shape[:1]:
            raise ValueError(
                f"logits must be (B, C) and the embedding (B, D), "
                f"got {self.logits.shape} and {self.embedding.shape}"
            )
        if not (np.isfinite(self.logits).all() and np.isfinite(self.embedding).all()):
            raise ModelError(
                "the model's output is not finite; its weights do not fit this architecture "
                "or its training diverged: use another checkpoint"
            )


class Forward(nn.Module):
    """An X3D that returns logits and taps.

    Args:
        network: a network of `build_x3d` with fused batch norms.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.blocks = network.blocks

    def forward(self, clips: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (B, C) and embeddings (B, D) of clips (B, 3, T, S, S)."""
        stages = self.stages(clips)
        pooled = self.pool(stages[4])
        taps = [stages[number].mean(dim=(2, 3, 4)) for number in _STAGE_TAPS]
        return self.finish(pooled), torch.cat([*taps, pooled], dim=1)

    def stages(self, clips: torch.Tensor) -> dict[int, torch.Tensor]:
        """Return the activations (B, K, T, h, w) of the tapped stages, by block number."""
        kept, activation = {}, clips
        for number, block in enumerate(self.blocks[:5]):
            activation = block(activation)
            if number in _STAGE_TAPS:
                kept[number] = activation
        return kept

    def pool(self, stage: torch.Tensor) -> torch.Tensor:
        """Return the head's features (B, F), averaged over its positions."""
        pooled: torch.Tensor = self.blocks[5].pool(stage).mean(dim=(2, 3, 4))
        return pooled

    def finish(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, C) of features from `pool`."""
        # The projection is linear, so the mean over positions can be taken before it.
        logits: torch.Tensor = self.blocks[5].proj(pooled)
        return logits

    def taps(self) -> tuple[tuple[str, int], ...]:
        """Return name and width of every layer in the embedding, in order."""
        widths = [self.blocks[n].res_blocks[-1].branch2.conv_c.out_channels for n in _STAGE_TAPS]
        names = [*_STAGE_TAPS.values(), _HEAD_TAP]
        return tuple(zip(names, [*widths, self.blocks[5].proj.in_features], strict=True))


class VideoClassifier:
    """An X3D in inference form. A clip's outputs do not depend on the rest of the batch.

    Attributes:
        variant: name of the X3D variant.
        spec: geometry of its input clips.
        labels: label of every output, in index order.
        fingerprint: architecture, hashes of weights and labels, preprocessing version.
        weights_file: file of the weights; None = there is none.
        random_weights: whether the network is untrained.
        engine_name, precision: engine and number format of `predict`.
        device: device that it runs on.
        taps: (name, width) of every layer in the embedding, in order.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        model: ModelSpec,
        spec: ClipSpec,
        labels: tuple[str, ...],
        fingerprint: str,
        device: torch.device,
        weights_file: Path | None,
        second: SecondEmbedding | None = None,
    ) -> None:
        """Fuse, freeze and move a network of `build_x3d` to the device; the network is changed."""
        self._plain = Forward(fuse_batch_norms(network.eval()).requires_grad_(False))
        self._second = second
        self.taps = self._plain.taps() + (((SECOND_TAP, second.width),) if second else ())
        self._plain.to(device).to(memory_format=torch.channels_last_3d)
        # Heatmaps need gradients, which only torch computes.
        self._torch = self._plain
        if device.type == "cpu":
            self._torch = copy.deepcopy(self._plain)
            speed_up(self._torch)
        self.variant = model.variant
        self.spec = spec
        self.labels = labels
        self.fingerprint = fingerprint
        self.device = device
        self.weights_file = weights_file
        self.random_weights = weights_file is None
        self.engine_name = choose_engine(model.engine, device, model.precision)
        self.precision = model.precision
        self._engine: Engine | None = None
        self._building = threading.Lock()

    @property
    def dimension(self) -> int:
        """Width of the embedding."""
        return sum(width for _, width in self.taps)

    @property
    def head(self) -> nn.Module:
        """The head, which maps `last_stage` activations (B, K, T, h, w) to logits (B, C)."""
        head: nn.Module = self._torch.blocks[5]
        return head

    @property
    def clips_per_pass(self) -> int | None:
        """Clips per forward pass; None for whole batches.

        One on a CPU: larger batches are not faster there, and kernels chosen for another batch
        size round differently.
        """
        return 1 if self.device.type == "cpu" else None

    def predict(self, batch: torch.Tensor) -> ModelOutput:
        """Return logits and embeddings of a batch.

        Args:
            batch: (B, 3, T, S, S) float32 from `preprocess`.

        Raises:
            ModelError: the model's output is not finite.
            ValueError: the batch has another shape or type.
        """
        engine = self._get_engine()
        parts = self._parts(batch)
        passes = [engine.run(part) for part in parts]
        logits, embedding = (torch.cat(found) for found in zip(*passes, strict=True))
        if self._second is not None:
            second = torch.cat([self._second.run(part) for part in parts])
            embedding = torch.cat([embedding, second], dim=1)
        return ModelOutput(logits=logits.numpy(), embedding=embedding.numpy())

    def last_stage(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the activations of `blocks.4` (B, K, T, h, w) float32, without gradient history.

        Raises:
            ValueError: the batch has another shape or type.
        """
        with torch.no_grad(), exact_kernels():
            parts = [part.to(self.device) for part in self._parts(batch)]
            return torch.cat([self._torch.stages(channels_last(part))[4] for part in parts])

    def logits_of(self, stage: torch.Tensor) -> np.ndarray:
        """Return logits (B, C) float32 of `last_stage` activations, as `predict` computes them."""
        with torch.no_grad():
            parts = stage.split(self.clips_per_pass or len(stage))
            logits = torch.cat([self._torch.finish(self._torch.pool(part)) for part in parts])
        return logits.cpu().numpy()

    def index_of(self, label: str) -> int:
        """Return the output index of a label.

        Raises:
            ModelError: the model does not have that label.
        """
        if label not in self.labels:
            raise ModelError(f"the model has no label {label!r}; it has {len(self.labels)} others")
        return self.labels.index(label)

    def _parts(self, batch: torch.Tensor) -> list[torch.Tensor]:
        shape = (3, self.spec.num_frames, self.spec.crop, self.spec.crop)
        if batch.ndim != 5 or tuple(batch.shape[1:]) != shape or not len(batch):
            raise ValueError(f"batch must be (B >= 1, {shape}), got {tuple(batch.shape)}")
        if batch.dtype != torch.float32:
            raise ValueError(f"batch must be float32, got {batch.dtype}")
        return list(batch.split(self.clips_per_pass or len(batch)))

    def _get_engine(self) -> Engine:
        with self._building:
            if self._engine is None:
                self._engine = self._build_engine()
            return self._engine

    def _build_engine(self) -> Engine:
        if self.engine_name == "openvino":
            shape = (1, 3, self.spec.num_frames, self.spec.crop, self.spec.crop)
            return OpenVinoEngine(self._plain, shape=shape, precision=self.precision)
        # Autocast has fast kernels only for the plain convolutions.
        forward = self._torch if self.precision == "float32" else self._plain
        return TorchEngine(forward, device=self.device, precision=self.precision)
