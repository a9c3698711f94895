"""An X3D's layers in the forms that one CPU core computes fastest; the numbers stay.

Rewriting modules for speed belongs here; what the network computes (`x3d.py`) does not.

With one thread and one clip torch leaves most of an X3D's convolutions to a naive loop, though
oneDNN, which it has, is faster; and an activation that writes a new array spends most of its time
on getting the memory. A pass of X3D-M takes .28 instead of .73 s of a core.
"""

from __future__ import annotations

import torch
from torch import nn


class _OneDnnConvolution(nn.Module):
    """A 3-D convolution that oneDNN computes, whatever the number of threads."""

    def __init__(self, convolution: nn.Conv3d) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self.geometry = (
            convolution.padding,
            convolution.stride,
            convolution.dilation,
            convolution.groups,
        )

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = torch.ops.aten.mkldnn_convolution(
            clips, self.weight, self.bias, *self.geometry
        )
        return result


def speed_up(network: nn.Module) -> nn.Module:
    """Have oneDNN compute every 3-D convolution, and activations replace their input; in place.

    Outputs stay equal to about 1e-6 (relative). For a network on the CPU whose activations are
    given arrays that nothing else reads, with batch norms fused and channels-last input; the blocks
    keep their places. Where torch was built without oneDNN the convolutions stay as they are.
    """
    available = torch.backends.mkldnn.is_available()
    for module in list(network.modules()):
        if isinstance(module, nn.ReLU | nn.SiLU):
            module.inplace = True
        for name, child in list(module.named_children()):
            if available and isinstance(child, nn.Conv3d) and child.padding_mode == "zeros":
                setattr(module, name, _OneDnnConvolution(child))
    return network
