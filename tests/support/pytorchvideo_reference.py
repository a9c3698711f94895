"""PyTorchVideo's own reader and X3D transform, the reference for decoding and preprocessing."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from insight_dagster.analysis.model.preprocessing import ClipSpec


def transform_of(spec: ClipSpec) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the transform of PyTorchVideo's X3D tutorial: (3, N, H, W) 0-255 to (3, T, S, S)."""
    _import_reference()
    from pytorchvideo.transforms import ShortSideScale, UniformTemporalSubsample
    from torchvision.transforms import Compose, Lambda
    from torchvision.transforms._transforms_video import CenterCropVideo, NormalizeVideo

    return Compose(
        [
            UniformTemporalSubsample(spec.num_frames),
            Lambda(lambda clip: clip / 255.0),
            NormalizeVideo(spec.mean, spec.std),
            ShortSideScale(size=spec.side),
            CenterCropVideo(crop_size=(spec.crop, spec.crop)),
        ]
    )


def clip_of(path: Path, start: float, end: float) -> torch.Tensor:
    """Return the clip of `EncodedVideo.get_clip`, (3, N, H, W) float32 0-255."""
    _import_reference()
    from pytorchvideo.data.encoded_video import EncodedVideo

    video = EncodedVideo.from_path(str(path), decode_audio=False)
    try:
        return video.get_clip(start, end)["video"]
    finally:
        video.close()


def _import_reference() -> None:
    # The package imports a module that torchvision has since removed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.modules.setdefault(
            "torchvision.transforms.functional_tensor",
            importlib.import_module("torchvision.transforms._functional_tensor"),
        )
        importlib.import_module("pytorchvideo.transforms")
        importlib.import_module("torchvision.transforms._transforms_video")
