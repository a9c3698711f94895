"""A second embedding beside the classifier's own: anything that turns clips into vectors.

On natural images features that have nothing to do with the classifier find its errors better than
its own (Eyuboglu et al., Domino, ICLR 2022). Loading such a module and running it belong here; what
the vectors are joined with (`inference.py`) does not.
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
    """A module and what it is.

    Attributes:
        source: as the settings name it.
        digest: of its weights, 16 hex digits.
        width: numbers that it makes of a clip.
    """

    source: str
    digest: str
    width: int
    _run: Run

    def run(self, clips: torch.Tensor) -> torch.Tensor:
        """Vectors (B, width) float32 of clips (B, 3, T, S, S) float32, normalised, on the CPU.

        Raises:
            ModelError: the module fails, or gives something else.
        """
        return _checked(self.source, self._run, clips, self.width)


def load_second_embedding(
    source: str, *, shape: tuple[int, ...], device: torch.device, seed: int = 0
) -> SecondEmbedding:
    """The second embedding that a setting names, tried on one blank clip.

    Args:
        source: a TorchScript file, an ONNX file (`*.onnx`; it runs on the CPU, by OpenVINO), or
            `package.module:function`, which is called without arguments and returns a module.
            Its identity is its weights and how it prints: a change of its code is not seen.
        shape: of a batch of one clip.
        device: where torch runs it.
        seed: of the random numbers that the function draws.

    Raises:
        ModelError: it cannot be loaded, or does not turn clips (B, 3, T, S, S) into finite
            vectors (B, D).
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
    wanted = (len(clips), width or "any width")
    if not isinstance(vectors, torch.Tensor) or vectors.ndim != 2 or len(vectors) != len(clips):
        raise ModelError(f"the second embedding {source} gives {shape}, not vectors {wanted}")
    if width is not None and vectors.shape[1] != width:
        raise ModelError(f"the second embedding {source} gives {shape}, not vectors {wanted}")
    vectors = vectors.float().cpu()
    if not vectors.isfinite().all():
        raise ModelError(f"the second embedding {source} gives numbers that are not finite")
    return vectors


def _existing(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise ModelError(f"there is no file {source} for the second embedding")
    return path


def _torchscript(source: str) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*torch.jit", FutureWarning)
            module: nn.Module = torch.jit.load(str(_existing(source)), map_location="cpu")
    except RuntimeError as problem:
        raise ModelError(
            f"{source} is no TorchScript file; make one with torch.jit.script or torch.jit.trace"
        ) from problem
    return module


def _call(source: str, seed: int) -> nn.Module:
    name, _, function = source.partition(":")
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = getattr(importlib.import_module(name), function)()
    except Exception as problem:
        raise ModelError(f"the second embedding {source} cannot be made: {problem}") from problem
    if not isinstance(module, nn.Module):
        raise ModelError(f"{source} returns {type(module).__name__}, not a torch module")
    return module


def _on(module: nn.Module, device: torch.device) -> Run:
    module = module.eval().to(device)
    # Whether somebody's module may be called by several threads at once is not known.
    turn = threading.Lock()

    def run(clips: torch.Tensor) -> torch.Tensor:
        # A copy: the module may write into what it is given.
        with turn, torch.inference_mode(), exact_kernels():
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
