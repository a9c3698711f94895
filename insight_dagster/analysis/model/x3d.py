"""The X3D variants: input geometry, architecture, and fusing of batch norms.

Weights (`pretrained_weights`, `checkpoint`) and predictions (`video_classifier`) do not belong
here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.errors import ModelError


@dataclass(frozen=True)
class Variant:
    """An X3D architecture.

    Attributes:
        name: value of the setting `variant`.
        spec: frames, sampling rate, scale and crop of its input.
        model_kwargs: arguments of PyTorchVideo's `create_x3d`, except the number of classes.
        zoo_name: its key in PyTorchVideo's model zoo; None if the zoo has no weights for it.
    """

    name: str
    spec: ClipSpec
    model_kwargs: Mapping[str, Any]
    zoo_name: str | None = None


def _kinetics(name: str, spec: ClipSpec, **model_kwargs: int | float) -> Variant:
    return Variant(name, spec, MappingProxyType(model_kwargs), f"x3d_{name}")


# Input geometry: the X3D page of PyTorch Hub for xs, s and m, whose crop is the whole side; by the
# same rule the side of l is the test crop of SlowFast's Kinetics/X3D_L configuration.
# `input_crop_size` is the training crop, which sets the head's pooling kernel; the outputs at the
# remaining positions are averaged.
VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "xs": _kinetics("xs", ClipSpec(4, 12, 182, 182), input_clip_length=4, input_crop_size=160),
        "s": _kinetics("s", ClipSpec(13, 6, 182, 182), input_clip_length=13, input_crop_size=160),
        "m": _kinetics("m", ClipSpec(16, 5, 256, 256), input_clip_length=16, input_crop_size=224),
        "l": _kinetics(
            "l",
            ClipSpec(16, 5, 356, 356),
            input_clip_length=16,
            input_crop_size=312,
            depth_factor=5.0,
        ),
        "demo": Variant(
            "demo",
            ClipSpec(16, 5, 112, 112),
            MappingProxyType(
                {
                    "input_clip_length": 16,
                    "input_crop_size": 112,
                    "width_factor": 1.0,
                    "depth_factor": 1.0,
                    "bottleneck_factor": 2.0,
                    "head_dim_out": 512,
                    # A coarse stem and one stride less later halve the cost at the same last grid.
                    "stem_conv_kernel_size": (5, 7, 7),
                    "stem_conv_stride": (1, 4, 4),
                    "stage_spatial_stride": (1, 2, 2, 2),
                }
            ),
        ),
    }
)


def variant_named(name: str) -> Variant:
    """Return the variant of that name.

    Raises:
        ModelError: there is no such variant.
    """
    if name not in VARIANTS:
        raise ModelError(f"unknown X3D variant {name!r}; choose one of {', '.join(VARIANTS)}")
    return VARIANTS[name]


def zoo_address(variant: Variant) -> str:
    """Return the address of the variant's Kinetics-400 weights in PyTorchVideo's model zoo.

    Raises:
        ModelError: the zoo has no weights for the variant.
    """
    if variant.zoo_name is None:
        raise ModelError(
            f"the model zoo has no weights for the {variant.name} variant; "
            "set `weights` to the path of a checkpoint, or to random"
        )
    with _quiet_import():
        from pytorchvideo.models.hub.x3d import checkpoint_paths
    return str(checkpoint_paths[variant.zoo_name])


def build_x3d(variant: Variant, *, classes: int) -> nn.Module:
    """Return an untrained network that maps clips (B, 3, T, S, S) to logits (B, classes).

    The zoo's softmax is left out: the outputs are the scores before it, averaged over the head's
    positions. `state_dict` has the zoo's names and shapes.
    """
    with _quiet_import():
        from pytorchvideo.models.x3d import create_x3d
    # SiLU computes the zoo's Swish in one pass; it has no weights.
    return create_x3d(
        model_num_class=classes, head_activation=None, inner_act=nn.SiLU, **variant.model_kwargs
    )


def fuse_batch_norms(model: nn.Module) -> nn.Module:
    """Fold every batch norm of an X3D in eval mode into the convolution before it, in place.

    Outputs stay equal to about 1e-6 (relative). Blocks keep their names, so that taps and hooks
    still work.
    """
    module: Any  # the blocks' attributes are not in nn.Module's type
    for module in list(model.modules()):
        kind = type(module).__name__
        if kind == "ResNetBasicStem":
            module.conv.conv_xy = fuse_conv_bn_eval(module.conv.conv_xy, module.norm)
            module.norm = nn.Identity()
        elif kind == "ResBlock":
            _fold(module, "branch1_conv", "branch1_norm")
        elif kind == "BottleneckBlock":
            _fold(module, "conv_a", "norm_a")
            module.conv_b = fuse_conv_bn_eval(module.conv_b, module.norm_b[0])
            module.norm_b[0] = nn.Identity()
            _fold(module, "conv_c", "norm_c")
        elif kind == "ProjectedPool":
            _fold(module, "pre_conv", "pre_norm")
    return model


def _fold(module: Any, convolution: str, norm: str) -> None:
    if isinstance(getattr(module, norm), nn.BatchNorm3d):
        fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm))
        setattr(module, convolution, fused)
        setattr(module, norm, nn.Identity())


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Suppress the deprecation warnings of importing PyTorchVideo."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        yield
