"""The X3D variants: what each wants of a clip, how it is built, how it is made ready to run.

Architecture and geometry belong here; weights (`weights.py`, `checkpoint.py`) and predictions
(`classifier.py`) do not.
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
    """One X3D.

    Attributes:
        name: as users write it.
        spec: frames, sampling rate, scale and crop of its input.
        model_kwargs: arguments of PyTorchVideo's `create_x3d`, number of classes aside.
        zoo_name: its key in PyTorchVideo's model zoo; None = the zoo has no weights for it.
    """

    name: str
    spec: ClipSpec
    model_kwargs: Mapping[str, Any]
    zoo_name: str | None = None


def _kinetics(name: str, spec: ClipSpec, **model_kwargs: int | float) -> Variant:
    return Variant(name, spec, MappingProxyType(model_kwargs), f"x3d_{name}")


# Input geometry: the X3D page of PyTorch Hub (xs, s, m: the crop is the side); it leaves out l,
# whose side is the test crop of SlowFast's Kinetics/X3D_L configuration by the same rule.
# `input_crop_size` is the training crop: the head pools with its kernel and averages the rest.
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
                    # A coarse stem and one stride less later: half the cost, the same last grid.
                    "stem_conv_kernel_size": (5, 7, 7),
                    "stem_conv_stride": (1, 4, 4),
                    "stage_spatial_stride": (1, 2, 2, 2),
                }
            ),
        ),
    }
)


def variant_named(name: str) -> Variant:
    """The variant of that name.

    Raises:
        ModelError: there is none.
    """
    if name not in VARIANTS:
        raise ModelError(f"no X3D variant {name!r}; choose one of {', '.join(VARIANTS)}")
    return VARIANTS[name]


def zoo_address(variant: Variant) -> str:
    """Address of the variant's Kinetics-400 weights in PyTorchVideo's model zoo.

    Raises:
        ModelError: the zoo has no weights for the variant.
    """
    if variant.zoo_name is None:
        raise ModelError(
            f"the model zoo has no weights for the {variant.name} variant; "
            "give the path of a checkpoint, or `random`"
        )
    with _quiet_import():
        from pytorchvideo.models.hub.x3d import checkpoint_paths
    return str(checkpoint_paths[variant.zoo_name])


def build_x3d(variant: Variant, *, classes: int) -> nn.Module:
    """An untrained network that maps (B, 3, T, S, S) to logits (B, classes).

    The zoo's softmax is left out, so the output is the scores before it, averaged over the
    head's positions. `state_dict` has the zoo's names and shapes.
    """
    with _quiet_import():
        from pytorchvideo.models.x3d import create_x3d
    # SiLU is the function that the zoo writes out as Swish, in one pass; it has no weights.
    return create_x3d(
        model_num_class=classes, head_activation=None, inner_act=nn.SiLU, **variant.model_kwargs
    )


def fuse_batch_norms(model: nn.Module) -> nn.Module:
    """Fold every batch norm of an X3D in eval mode into the convolution before it, in place.

    Outputs stay equal to about 1e-6 (relative). Blocks keep their places, so taps and hooks
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
    """Mutes the deprecation warnings that PyTorchVideo sets off while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
