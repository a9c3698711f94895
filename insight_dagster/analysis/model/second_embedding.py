"""A second embedding besides the classifier's own: any module that maps clips to vectors.

On natural images, features that are independent of the classifier find its errors better than its
own features (Eyuboglu et al., Domino, ICLR 2022). Loading such a module and running it belong here;
joining its vectors with the model's own (`video_classifier`) does not.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from insight_dagster.analysis.model.engines import compile_onnx, exact_kernels
from insight_dagster.errors import ModelError

SECOND_TAP = "second"
"""Name of the second embedding among the taps."""
Run = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class SecondEmbedding:
    """A loaded module and its identity.

    Attributes:
        source: the value of the setting `second_embedding`.
        digest: hash of its weights, 16 hexadecimal digits.
        width: length of its vectors.
    """

    source: str
    digest: str
    width: int
    _run: Run

    def run(self, clips: torch.Tensor) -> torch.Tensor:
        """Return vectors (B, width) float32 on the CPU.

        Args:
            clips: (B, 3, T, S, S) float32, normalised.

        Raises:
            ModelError: the module fails, or returns something else.
        """
        return _checked(self.source, self._run, clips, self.width)


def load_second_embedding(
    source: str, *, shape: tuple[int, ...], device: torch.device, seed: int = 0
) -> SecondEmbedding:
    """Load a second embedding and run it on one blank clip.

    Args:
        source: a TorchScript file, an ONNX file (`*.onnx`; OpenVINO runs it on the CPU), or
            `package.module:function`, which is called without arguments and returns a module.
            A module is identified by its weights and its `repr`: changed code goes unnoticed.
        shape: shape of a batch of one clip.
        device: device that torch runs the module on.
        seed: seed of the random numbers that the function draws.

    Raises:
        ModelError: it cannot be loaded, or does not map clips (B, 3, T, S, S) to finite vectors
            (B, D).
    """
    if source.endswith(".onnx"):
        run, digest = compile_onnx(_existing(source), shape), _file_digest(source)
    elif ":" in source and not Path(source).exists():
        module = _call(source, seed)
        run, digest = _on(module, device), _module_digest(source, module)
    else:
        run, digest = _on(_torchscript(source), device), _file_digest(source)
    width = _checked(source, run, torch.zeros(shape), None).shape[1]
    return SecondEmbedding(source, digest, width, run)


def _checked(source: str, run: Run, clips: torch.Tensor, width: int | None) -> torch.Tensor:
    try:
        vectors = run(clips)
    except Exception as problem:
        reason = (str(problem).splitlines() or [type(problem).__name__])[-1]
        raise ModelError(
            f"the second embedding {source} fails on clips {tuple(clips.shape)}: {reason}"
        ) from problem
    shape = tuple(vectors.shape) if isinstance(vectors, torch.Tensor) else type(vectors).__name__
    expected = (len(clips), width or "any width")
    if not isinstance(vectors, torch.Tensor) or vectors.ndim != 2 or len(vectors) != len(clips):
        raise ModelError(f"the second embedding {source} returns {shape}, not vectors {expected}")
    if width is not None and vectors.shape[1] != width:
        raise ModelError(f"the second embedding {source} returns {shape}, not vectors {expected}")
    vectors = vectors.float().cpu()
    if not vectors.isfinite().all():
        raise ModelError(f"the second embedding {source} returns numbers that are not finite")
    return vectors


def _existing(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise ModelError(f"the second embedding {source} does not exist; correct the path")
    return path


def _torchscript(source: str) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*torch.jit", FutureWarning)
            module: nn.Module = torch.jit.load(str(_existing(source)), map_location="cpu")
    except RuntimeError as problem:
        raise ModelError(
            f"{source} is not a TorchScript file; write one with torch.jit.script or trace"
        ) from problem
    return module


def _call(source: str, seed: int) -> nn.Module:
    name, _, function = source.partition(":")
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = getattr(importlib.import_module(name), function)()
    except Exception as problem:
        raise ModelError(f"the second embedding {source} cannot be created: {problem}") from problem
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"the second embedding {source} must return a torch module, got {type(module).__name__}"
        )
    return module


def _on(module: nn.Module, device: torch.device) -> Run:
    module = module.eval().to(device)
    # A user's module may not be safe to call from several threads.
    lock = threading.Lock()

    def run(clips: torch.Tensor) -> torch.Tensor:
        # A copy, because the module may write to its input.
        with lock, torch.inference_mode(), exact_kernels():
            vectors: torch.Tensor = module(clips.to(device, copy=True))
        return vectors

    return run


def _file_digest(source: str) -> str:
    return hashlib.sha256(_existing(source).read_bytes()).hexdigest()[:16]


def _module_digest(source: str, module: nn.Module) -> str:
    digest = hashlib.sha256(f"{source} {module}".encode())
    for name, tensor in sorted(module.state_dict().items()):
        weights = tensor.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(name.encode() + weights.numpy().tobytes())
    return digest.hexdigest()[:16]
