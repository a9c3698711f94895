"""Checkpoints: reading and validating the tensors of untrusted files.

What a checkpoint contains belongs here; files of other kinds (`model_file`), label lists
(`label_list`), the network that it is loaded into (`x3d`) and the download of pretrained files
(`pretrained_weights`) do not.

A checkpoint is a file written by `torch.save`: `{"model_state": {name: tensor}}`, optionally with
"labels" (list of strings in index order) and "spec" (fields of `ClipSpec` that differ from the
variant's). Read as well: the state under another usual name (`state_dict` of Lightning) or alone,
names that all begin alike (`module.`), and safetensors, with "labels" and "spec" as JSON in its
metadata.
"""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from insight_dagster.analysis.model.label_list import checked_labels
from insight_dagster.analysis.model.model_file import (
    check_archive,
    is_safetensors,
    read_file,
    refuse_other_files,
)
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.analysis.model.pretrained_weights import check_recorded, sha256_of
from insight_dagster.errors import ModelError

HEAD_WEIGHT = "blocks.5.proj.weight"
_STATES = ("model_state", "state_dict", "model_state_dict", "model")
_LARGEST = 1e6
"""A flipped bit of an exponent makes a weight 1e9 or more; training does not."""


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a checkpoint file.

    Attributes:
        path: the file.
        sha256: hash of its bytes.
        state: parameters and buffers by name.
        labels: label list in index order; None if the file has none.
        spec_fields: fields of `ClipSpec` that the file sets.
    """

    path: Path
    sha256: str
    state: dict[str, torch.Tensor]
    labels: tuple[str, ...] | None
    spec_fields: dict[str, Any]

    @property
    def classes(self) -> int:
        """Number of outputs of the network."""
        return int(self.state[HEAD_WEIGHT].shape[0])

    def spec(self, default: ClipSpec) -> ClipSpec:
        """Return the input geometry: the variant's default with the file's fields replaced.

        Raises:
            ModelError: the file names an unknown field or an impossible value.
        """
        try:
            changes: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in self.spec_fields.items()
            }
            return dataclasses.replace(default, **changes)
        except (TypeError, ValueError) as problem:
            raise ModelError(
                f"the `spec` in checkpoint {self.path} cannot be used ({problem}); "
                f"it may set {[field.name for field in dataclasses.fields(ClipSpec)]}"
            ) from problem


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and validate a checkpoint; only tensors and plain values are unpickled.

    Raises:
        ModelError: the file is missing, truncated, damaged, unsafe or of another kind, or does not
            have a form that the module's docstring describes.
    """
    content = read_file(path)
    sha256 = sha256_of(content)
    check_recorded(path, sha256)
    found = _contents(path, content)
    state = _state_of(found)
    if state is None:
        raise ModelError(
            f"checkpoint {path} contains no tensors of an X3D with {HEAD_WEIGHT} (it contains "
            f"{_describe(found)}); save it as torch.save({{'model_state': model.state_dict(), "
            "'labels': [...]}, path)"
        )
    labels, fields = found.get("labels"), found.get("spec")
    if isinstance(labels, torch.Tensor) or isinstance(fields, torch.Tensor):
        labels = fields = None  # the file holds the state alone
    if not isinstance(fields, Mapping | None):
        raise ModelError(f"the `spec` in checkpoint {path} is {_describe(fields)}, not a dict")
    return Checkpoint(
        path=path,
        sha256=sha256,
        state=state,
        labels=None if labels is None else checked_labels(labels, source=f"checkpoint {path}"),
        spec_fields=dict(fields or {}),
    )


def load_state(model: nn.Module, checkpoint: Checkpoint, *, variant: str) -> None:
    """Load a checkpoint's state into a network.

    Raises:
        ModelError: names or shapes differ, or a value is not finite.
    """
    expected, state = model.state_dict(), checkpoint.state
    differences = [
        *(f"lacks {name}" for name in expected if name not in state),
        *(f"has unknown {name}" for name in state if name not in expected),
        *(
            f"has {name} {tuple(state[name].shape)} instead of {tuple(expected[name].shape)}"
            for name in expected
            if name in state and state[name].shape != expected[name].shape
        ),
    ]
    if differences:
        raise ModelError(
            f"checkpoint {checkpoint.path} does not fit the X3D variant {variant}: it "
            f"{differences[0]} ({len(differences)} differences); set the variant that was trained"
        )
    for problem, is_broken in _BROKEN.items():
        broken = [name for name, tensor in state.items() if is_broken(name, tensor)]
        if broken:
            raise ModelError(
                f"checkpoint {checkpoint.path} has values that {problem} in {broken[0]} "
                f"({len(broken)} tensors); the training diverged or the file is damaged: use "
                "another"
            )
    try:
        model.load_state_dict(state)
    except RuntimeError as problem:
        raise _not_a_checkpoint(checkpoint.path, problem) from problem


def _is_absurd(name: str, tensor: torch.Tensor) -> bool:
    if not tensor.is_floating_point():
        return False
    if name.endswith("running_var"):
        return bool((tensor < 0).any() or (tensor > _LARGEST**2).any())
    return bool((tensor.abs() > _LARGEST).any())


_BROKEN: Mapping[str, Callable[[str, torch.Tensor], bool]] = {
    "are not finite": lambda _, tensor: not bool(torch.isfinite(tensor).all()),
    "no training makes (over 1e6, or a negative variance)": _is_absurd,
}


def _contents(path: Path, content: bytes) -> Any:
    """Return what a file holds; of safetensors, in the form that `torch.save` writes."""
    if is_safetensors(content):
        return _read_safetensors(path, content)
    refuse_other_files(path, content)
    check_archive(path, content)
    return _unpickle(path, content)


def _read_safetensors(path: Path, content: bytes) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        state = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = header.get("__metadata__") or {}
        given = {
            name: json.loads(metadata[name]) for name in ("labels", "spec") if name in metadata
        }
    except (SafetensorError, ValueError, KeyError, TypeError) as problem:
        raise _not_a_checkpoint(path, problem) from problem
    return {"model_state": state, **given}


def _state_of(found: Any) -> dict[str, torch.Tensor] | None:
    """Return the parameters by their names in the network; None where there are none."""
    if not isinstance(found, Mapping):
        return None
    for held in (*(found.get(name) for name in _STATES), found):
        if isinstance(held, Mapping) and held and all(map(_is_parameter, held.items())):
            state = _without_prefix(held)
            if HEAD_WEIGHT in state and state[HEAD_WEIGHT].ndim == 2:
                return state
    return None


def _is_parameter(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], torch.Tensor)


def _without_prefix(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state without what wrappers put before every name, such as `module.`."""
    heads = [name.removesuffix(HEAD_WEIGHT) for name in state if name.endswith("." + HEAD_WEIGHT)]
    if len(heads) != 1 or not all(name.startswith(heads[0]) for name in state):
        return dict(state)
    return {name.removeprefix(heads[0]): tensor for name, tensor in state.items()}


def _unpickle(path: Path, content: bytes) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as problem:  # torch raises whatever the damaged byte leads to
        refused = re.search(r"GLOBAL (\S+)", str(problem))
        if isinstance(problem, pickle.UnpicklingError) and refused:
            raise ModelError(
                f"checkpoint {path} contains {refused[1]}, which is neither a tensor nor a plain "
                "value and could run code when loaded: refused; save only the model's state_dict"
            ) from problem
        raise _not_a_checkpoint(path, problem) from problem


def _not_a_checkpoint(path: Path, problem: Exception) -> ModelError:
    # Before the colon torch advises to load the file unsafely.
    reason = str(problem).split("WeightsUnpickler error:")[-1].strip() or type(problem).__name__
    return ModelError(
        f"{path} is truncated, damaged, or not a checkpoint ({reason.splitlines()[0][:120]}); "
        "copy or download it again"
    )


def _describe(value: Any) -> str:
    if isinstance(value, Mapping):
        names = [str(key) for key in list(value)[:3]]
        return f"a dict of {len(value)} beginning {names}"
    return f"a {type(value).__name__}"
