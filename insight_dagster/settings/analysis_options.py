"""The analysis options: settings of measuring, fitting, statistics and automatic promotion.

A new option is one more field here: the settings and the Dagster resource take it from there.
Settings of the model are in `model_spec`, thresholds of the asset checks in `thresholds`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from insight_dagster.settings.filter_settings import ContrastFilter, Name, PopulationFilter


class AnalysisOptions(BaseModel):
    """The options that the assets run with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    taps: tuple[str, ...] = Field(
        (),
        description="names of the embedding layers to fit the latent space on (second is the "
        "second embedding); default: all",
    )
    batch_size: int = Field(8, ge=1, le=512, description="clips per forward pass")
    workers: int = Field(
        2, ge=1, le=64, description="threads that decode and, on a CPU, run the model"
    )
    shard_clips: int = Field(
        500, ge=1, description="clips of a class to measure before the results are stored"
    )
    seed: int = Field(0, ge=0, description="seed of every fit and resampling")
    components: int = Field(50, ge=2, le=2048, description="principal components of a latent space")
    perplexity: float = Field(30.0, gt=1, description="t-SNE perplexity")
    min_cluster_size: int = Field(8, ge=2, description="smallest number of clips in a cluster")
    fdr: float = Field(0.05, gt=0, lt=1, description="false discovery rate of insights and causes")
    heatmaps_per_insight: int = Field(6, ge=0, description="example clips explained per insight")
    auto_promote: bool = Field(
        False, description="promote a night that passes and shows no drift to the baseline"
    )
    keep_backups: int = Field(
        7,
        ge=1,
        description="number of backups to keep in the home; every night makes one, passed or not",
    )
    keep_analyses: int = Field(
        30,
        ge=1,
        description="number of analyses whose Dagster runs and logs are kept; older ones are "
        "deleted, except where they made the newest result of an asset and class",
    )
    metadata_file: Path | None = Field(
        None,
        description="CSV or Parquet file with additional columns of the clips, keyed by clip_id "
        "or path",
    )
    populations: dict[Name, PopulationFilter] = Field(
        default_factory=dict, description="named SQL filters to search for failing groups in"
    )
    contrasts: dict[Name, ContrastFilter] = Field(
        default_factory=dict, description="named SQL filters to compare with the remaining clips"
    )
    filter_seconds: float = Field(10.0, gt=0, description="time limit of one SQL filter")
    filter_memory_mib: int = Field(
        1024, ge=256, description="memory limit of the process that evaluates SQL filters"
    )

    @field_validator("populations")
    @classmethod
    def _has_no_built_in(cls, value: dict[str, PopulationFilter]) -> dict[str, PopulationFilter]:
        if {"all", "misclassified_train"} & set(value):
            raise ValueError("all and misclassified_train are built in; choose another name")
        return value

    def fit_settings(self) -> dict[str, Any]:
        """Return the keyword arguments of `fit_latent_space`."""
        return {
            "components": self.components,
            "perplexity": self.perplexity,
            "min_cluster_size": self.min_cluster_size,
            "seed": self.seed,
            **({"use": list(self.taps)} if self.taps else {}),
        }
