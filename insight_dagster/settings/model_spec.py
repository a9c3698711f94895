"""The model: every setting that decides which one is loaded and how it runs.

A new model setting is one more field of `ModelSettings`: settings, resource, loader and cache key
take the fields from there. What a value does is in `analysis/model`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VariantName = Literal["demo", "xs", "s", "m", "l"]
EngineName = Literal["auto", "torch", "openvino"]
Precision = Literal["float32", "bfloat16"]


class ModelSettings(BaseModel):
    """The model settings that a user can give."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: VariantName = Field(
        "demo",
        description="X3D variant: xs, s, m, l, or demo (the model of the demo library)",
    )
    weights: str = Field(
        "pretrained",
        description="weights to load: pretrained, random, or the path of a checkpoint (torch or "
        "safetensors)",
    )
    labels: Path | None = Field(
        None,
        description="label list of a checkpoint: one a line in index order, with indices, or JSON",
    )
    device: str = Field(
        "auto",
        description="device of the model: cpu, cuda, cuda:1 etc., or auto (CUDA if available, else "
        "the CPU)",
    )
    engine: EngineName = Field(
        "auto",
        description="inference engine: torch, openvino, or auto (OpenVINO on a CPU if installed, "
        "else torch)",
    )
    precision: Precision = Field(
        "float32",
        description="number format of the forward pass; bfloat16 is faster and counts as "
        "another model",
    )
    second_embedding: str | None = Field(
        None,
        description="features to append to the model's own: a TorchScript or ONNX file, or "
        "package.module:function that returns a torch module; it gets the model's input clips",
    )


class ModelSpec(ModelSettings):
    """Everything that identifies one loaded model; hashable, so that it can key a cache."""

    weights_folder: Path = Field(description="cache of downloaded weights")
    seed: int = Field(
        0, ge=0, description="seed of random weights and of a second embedding's initialization"
    )
