"""Checkpoint files and label lists: reading and validating untrusted files.

What a file contains belongs here; the network that it is loaded into (`x3d`) and the download of
pretrained files (`pretrained_weights`) do not.

A checkpoint is a file written by `torch.save`: `{"model_state": {name: tensor}}`, optionally with
"labels" (list of strings in index order) and "spec" (fields of `ClipSpec` that differ from the
variant's).
"""

from __future__ import annotations

import dataclasses
import io
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.analysis.model.pretrained_weights import check_recorded, sha256_of
from insight_dagster.errors import ModelError

HEAD_WEIGHT = "blocks.5.proj.weight"


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
        ModelError: the file is missing, truncated, damaged or unsafe, or does not have the form
            that the module's docstring describes.
    """
    content = _read(path)
    sha256 = sha256_of(content)
    check_recorded(path, sha256)
    found = _unpickle(path, content)
    state: Any = found.get("model_state") if isinstance(found, Mapping) else None
    if not _is_state(state):
        raise ModelError(
            f"checkpoint {path} does not contain {{'model_state': {{name: tensor}}}} of an X3D "
            f"(it contains {_describe(found)}); save it as torch.save({{'model_state': "
            "model.state_dict(), 'labels': [...]}, path)"
        )
    labels, fields = found.get("labels"), found.get("spec")
    if not isinstance(fields, Mapping | None):
        raise ModelError(f"the `spec` in checkpoint {path} is {_describe(fields)}, not a dict")
    return Checkpoint(
        path=path,
        sha256=sha256,
        state=dict(state),
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
    broken = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise ModelError(
            f"checkpoint {checkpoint.path} has values that are not finite in {broken[0]} "
            f"({len(broken)} tensors); the training diverged or the file is damaged: use another"
        )
    try:
        model.load_state_dict(state)
    except RuntimeError as problem:
        raise _not_a_checkpoint(checkpoint.path, problem) from problem


def read_labels(path: Path) -> tuple[str, ...]:
    """Read a label list: UTF-8 text, one label per line, in index order; empty lines are skipped.

    Raises:
        ModelError: the file is missing, empty or not UTF-8, or a label occurs twice.
    """
    try:
        lines = _read(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise ModelError(
            f"label list {path} is not UTF-8 text ({problem}); convert it to UTF-8"
        ) from problem
    labels = [line.strip() for line in lines if line.strip()]
    return checked_labels(labels, source=f"label list {path}")


def kinetics_labels() -> tuple[str, ...]:
    """Return the 400 labels of Kinetics-400, in the index order of PyTorchVideo's model zoo."""
    return read_labels(Path(__file__).with_name("kinetics400.txt"))


def checked_labels(labels: Any, *, source: str) -> tuple[str, ...]:
    """Return the labels as a tuple, after checking that they are distinct and not empty.

    Raises:
        ModelError: they are not; the message begins with `source`.
    """
    if not isinstance(labels, list | tuple) or not labels:
        raise ModelError(f"{source}: the labels must be a list of strings, got {_describe(labels)}")
    bad = [label for label in labels if not isinstance(label, str) or not label.strip()]
    if bad:
        raise ModelError(f"{source}: {bad[0]!r} is not a label; each must be a non-empty string")
    repeated = [label for label in labels if labels.count(label) > 1]
    if repeated:
        raise ModelError(f"{source}: label {repeated[0]!r} occurs more than once; remove one")
    return tuple(labels)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError as problem:
        raise ModelError(f"{path} does not exist; correct the path") from problem
    except OSError as problem:
        raise ModelError(
            f"{path} cannot be read ({problem.strerror}); choose another file"
        ) from problem
    if not content:
        raise ModelError(f"{path} is empty; copy or download it again")
    return content


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


def _is_state(state: Any) -> bool:
    return (
        isinstance(state, Mapping)
        and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items())
        and HEAD_WEIGHT in state
        and state[HEAD_WEIGHT].ndim == 2
    )


def _describe(value: Any) -> str:
    if isinstance(value, Mapping):
        names = [str(key) for key in list(value)[:3]]
        return f"a dict of {len(value)} beginning {names}"
    return f"a {type(value).__name__}"
