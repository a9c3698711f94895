"""Inference engines: torch, or OpenVINO where it is installed.

Choosing an engine, its precision and its threads belong here. The network (`x3d`), its taps
(`video_classifier`) and heatmaps, which need torch's gradients, do not.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, get_args

import torch
from torch import nn

from insight_dagster.errors import ModelError
from insight_dagster.settings.model_spec import EngineName, Precision

ENGINES = get_args(EngineName)
PRECISIONS = get_args(Precision)
Outputs = tuple[torch.Tensor, torch.Tensor]
# Allocate tensors in huge pages; torch reads this once, before its first allocation. Without
# them a tenth of a forward pass is spent on page faults.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Read before any thread is limited to one core.
_CORES = torch.get_num_threads()


class Engine(Protocol):
    """Computation of logits (B, C) and embeddings (B, D) of clips (B, 3, T, S, S), all float32."""

    name: str

    def run(self, clips: torch.Tensor) -> Outputs:
        """Return the outputs of one forward pass; safe to call from several threads."""


def choose_engine(name: str, device: torch.device, precision: str) -> str:
    """Return the engine to use; `auto` is OpenVINO on a CPU if it is installed, else torch.

    Raises:
        ModelError: the engine or precision is unknown, or the engine is not installed or does not
            run on the device.
    """
    if name not in ENGINES or precision not in PRECISIONS:
        raise ModelError(
            f"unknown engine {name!r} or precision {precision!r}; engines are "
            f"{', '.join(ENGINES)}, precisions are {', '.join(PRECISIONS)}"
        )
    installed = find_spec("openvino") is not None
    if name == "auto":
        return "openvino" if installed and device.type == "cpu" else "torch"
    if name == "openvino" and device.type != "cpu":
        raise ModelError(f"the engine openvino runs on the CPU, not on {device}; use auto or torch")
    if name == "openvino" and not installed:
        raise ModelError(
            "the engine openvino is not installed: pip install 'insight_dagster[fast]'"
        )
    return name


def channels_last(clips: torch.Tensor) -> torch.Tensor:
    """Return clips (B, C, T, H, W) with the channels innermost in memory."""
    return clips.contiguous(memory_format=torch.channels_last_3d)


def exact_kernels() -> AbstractContextManager[None]:
    """Return a context in which a GPU's kernels are deterministic and in full float32.

    TF32 would round products to 10 bits; cuDNN's benchmark may choose kernels that add in another
    order.
    """
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(
        allow_tf32=False, benchmark=False, deterministic=True
    )
    return flags


class TorchEngine:
    """The module run by torch."""

    name = "torch"

    def __init__(self, forward: nn.Module, *, device: torch.device, precision: str) -> None:
        self._forward, self._device = forward, device
        self._half = precision == "bfloat16"

    def run(self, clips: torch.Tensor) -> Outputs:
        """Return the outputs as `Engine.run` does."""
        batch = channels_last(clips.to(self._device))
        with (
            torch.inference_mode(),
            exact_kernels(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._half),
        ):
            logits, embedding = self._forward(batch)
        return logits.float().cpu(), embedding.float().cpu()


class OpenVinoEngine:
    """The module compiled by OpenVINO, with one stream per core; a calling thread uses one."""

    name = "openvino"

    def __init__(self, forward: nn.Module, *, shape: tuple[int, ...], precision: str) -> None:
        openvino = _import_openvino()
        self._compiled = _Compiled(openvino, _convert(openvino, forward, shape), precision)

    def run(self, clips: torch.Tensor) -> Outputs:
        """Return the outputs as `Engine.run` does, for a batch of one clip."""
        logits, embedding = self._compiled.run(clips)
        return logits, embedding


class _Compiled:
    """A compiled network that several threads may run at once, one clip each."""

    def __init__(self, openvino: Any, network: Any, precision: str) -> None:
        layouts = openvino.preprocess.PrePostProcessor(network)
        layouts.input().tensor().set_layout(openvino.Layout("NDHWC"))
        layouts.input().model().set_layout(openvino.Layout("NCDHW"))
        options = {
            # The default is bfloat16 on processors that have it.
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "NUM_STREAMS": _CORES,
            "INFERENCE_NUM_THREADS": _CORES,
        }
        self._network = openvino.Core().compile_model(layouts.build(), "CPU", options)
        self._idle: deque[Any] = deque()

    def run(self, clips: torch.Tensor) -> list[torch.Tensor]:
        """Return every output of the network."""
        batch = clips.permute(0, 2, 3, 4, 1).contiguous().numpy()
        try:  # Reuse a request: allocating its memory, about 100 MiB, slows its first pass.
            request = self._idle.pop()
        except IndexError:
            request = self._network.create_infer_request()
        results = request.infer([batch], share_inputs=True)
        outputs = [torch.tensor(results[each]) for each in self._network.outputs]
        self._idle.append(request)
        return outputs


def compile_onnx(path: Path, shape: tuple[int, ...]) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a function that computes an ONNX network's first output, in float32 on the CPU.

    Args:
        path: the file; its network takes clips.
        shape: shape of a batch of one clip.

    Raises:
        ModelError: OpenVINO is not installed, or cannot read the file.
    """
    if find_spec("openvino") is None:
        raise ModelError("an ONNX file needs OpenVINO: pip install 'insight_dagster[fast]'")
    openvino = _import_openvino()
    try:
        network = openvino.Core().read_model(str(path))
        network.reshape({0: list(shape)})
        compiled = _Compiled(openvino, network, "float32")
    except RuntimeError as problem:
        raise ModelError(f"{path} cannot be read as ONNX for clips of shape {shape}") from problem
    return lambda clips: torch.cat([compiled.run(clip)[0] for clip in clips.split(1)])


def _import_openvino() -> Any:
    """Return OpenVINO, imported without its telemetry, which would send usage data."""
    with _unavailable("openvino_telemetry"):
        import openvino
    return openvino


@contextmanager
def _unavailable(module: str) -> Iterator[None]:
    """Make a module's import fail."""
    missing = module not in sys.modules
    if missing:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if missing:
            del sys.modules[module]


def _convert(openvino: Any, forward: nn.Module, shape: tuple[int, ...]) -> Any:
    """Return the OpenVINO model of a module, for batches of one shape."""
    example = torch.zeros(shape)
    with torch.no_grad(), warnings.catch_warnings():
        # OpenVINO reads TorchScript, which torch calls deprecated. Traced here, because
        # `convert_model` would check the trace, which takes three times as long.
        warnings.filterwarnings("ignore", ".*torch.jit", FutureWarning)
        traced = torch.jit.freeze(torch.jit.trace(forward.eval(), example, check_trace=False))
        model = openvino.convert_model(traced, example_input=example, input=list(shape))
    _pool_means(openvino, model)
    return model


def _pool_means(openvino: Any, model: Any) -> None:
    """Replace means over all positions by average pooling, which takes a fifth of the time."""
    for mean in [each for each in model.get_ops() if each.get_type_name() == "ReduceMean"]:
        positions = mean.input_value(0).get_shape()[2:]
        axes = mean.input_value(1).get_node()
        over_all = axes.get_type_name() == "Constant" and sorted(axes.data.ravel()) == [2, 3, 4]
        if mean.get_attributes()["keep_dims"] and over_all:
            no_padding = [0] * len(positions)
            pool = openvino.opset1.avg_pool(
                mean.input_value(0),
                strides=[1] * len(positions),
                pads_begin=no_padding,
                pads_end=no_padding,
                kernel_shape=list(positions),
                exclude_pad=False,
            )
            openvino.utils.replace_node(mean, pool)
