"""Which places of a clip raised a logit: Grad-CAM on the last convolutional stage.

Attribution volumes as numbers belong here; pictures and files of them (`heatmap_bundles.py`) do
not.
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
    """The network behind `blocks.4`, with a place at its entrance that captum can hook."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.entrance = nn.Identity()
        self.head = head

    def forward(self, activation: torch.Tensor) -> torch.Tensor:
        return self.head(self.entrance(activation))


@dataclass(frozen=True)
class Explanation:
    """Attribution of a batch.

    Attributes:
        volumes: (B, T, S, S) float32 >= 0, what each place of each clip added to the target.
        logits: (B, C) float32, the model's scores of the same clips.
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
    """Grad-CAM of one label's logit a clip, on `blocks.4`.

    The logit is the score before the softmax. Only the head is differentiated: the activations
    that it weighs do not depend on the gradient, so the numbers are those of a pass through the
    whole network. Scaled from the stage's (T, h, w) to the input's size by trilinear interpolation.

    Source: Selvaraju et al., Grad-CAM (arXiv 1610.02391), equations 1 and 2, over three axes.

    Args:
        classifier: the model.
        batch: (B, 3, T, S, S) float32 from `preprocess`.
        targets: B labels of the model.

    Raises:
        ModelError: a target is not a label of the model.
        ValueError: the batch has another shape or type, or another length than `targets`.
    """
    if len(targets) != len(batch):
        raise ValueError(f"{len(batch)} clips need as many targets, got {len(targets)}")
    indices = [classifier.index_of(target) for target in targets]
    stage = classifier.last_stage(batch)
    network = _Head(classifier.head)
    explain = LayerGradCam(network, network.entrance)
    # One clip at a time, like the forward pass, so that its neighbours cannot change its numbers.
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
