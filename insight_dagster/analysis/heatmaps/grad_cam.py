"""Grad-CAM on the last convolutional stage: the regions of a clip that raised a logit.

Attribution volumes as numbers belong here; their pictures (`heatmap_picture`) and files
(`heatmap_bundles`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from insight_dagster.analysis.model.video_classifier import VideoClassifier

METHOD = "grad_cam"


class _Head(nn.Module):
    """The layers after `blocks.4`, with an identity at the input that captum can hook."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.entrance = nn.Identity()
        self.head = head

    def forward(self, activation: torch.Tensor) -> torch.Tensor:
        return self.head(self.entrance(activation))


@dataclass(frozen=True)
class Explanation:
    """Attributions of a batch of clips.

    Attributes:
        volumes: (B, T, S, S) float32 >= 0, contribution of each place to the target's logit.
        logits: (B, C) float32, logits of the same clips.
    """

    volumes: np.ndarray
    logits: np.ndarray

    def __post_init__(self) -> None:
        """Check shapes."""
        if self.volumes.ndim != 4 or self.logits.shape[:1] != self.volumes.shape[:1]:
            raise ValueError(
                f"volumes must be (B, T, S, S) and logits (B, C), "
                f"got {self.volumes.shape} and {self.logits.shape}"
            )


def grad_cam(
    classifier: VideoClassifier, batch: torch.Tensor, targets: Sequence[str]
) -> Explanation:
    """Compute Grad-CAM of one label's logit per clip, on `blocks.4`.

    Only the head is differentiated; the result equals that of a backward pass through the whole
    network. It is scaled from the stage's (T, h, w) to the size of the input by trilinear
    interpolation.

    Source: Selvaraju et al., Grad-CAM (arXiv 1610.02391), equations 1 and 2, over three axes.

    Args:
        classifier: the model.
        batch: (B, 3, T, S, S) float32 from `preprocess`.
        targets: B labels of the model.

    Raises:
        ModelError: a target is not a label of the model.
        ValueError: the batch has the wrong shape or dtype, or not as many clips as `targets`.
    """
    if len(targets) != len(batch):
        raise ValueError(f"{len(batch)} clips need as many targets, got {len(targets)}")
    indices = [classifier.index_of(target) for target in targets]
    stage = classifier.last_stage(batch)
    network = _Head(classifier.head)
    explain = LayerGradCam(network, network.entrance)
    # One clip at a time, like the forward pass, so that other clips cannot change its numbers.
    maps = [
        explain.attribute(
            one.unsqueeze(0).detach().requires_grad_(), target=index, relu_attributions=True
        )
        for one, index in zip(stage, indices, strict=True)
    ]
    scaled = LayerAttribution.interpolate(torch.cat(maps), tuple(batch.shape[2:]), "trilinear")
    return Explanation(
        volumes=scaled.squeeze(1).detach().cpu().numpy(), logits=classifier.logits_of(stage)
    )
