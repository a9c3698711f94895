"""Thresholds of the asset checks: the table `[checks]` of the settings file.

Numbers and what they mean belong here; how a check uses one is in `analysis/checks` and
`analysis/drift`.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Severity = Literal["ERROR", "WARN"]


class CheckSettings(BaseModel):
    """Above which number which check fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severities: dict[str, Severity] = Field(
        default_factory=dict,
        description="severity of a check by its name, in place of its own, e.g. leaks = 'ERROR'",
    )

    max_quarantined_share: float = Field(
        0.10, ge=0, le=1, description="clips of a class that cannot be used"
    )
    max_duplicate_share: float = Field(
        0.05, ge=0, le=1, description="clips of a class that are copies of another, byte for byte"
    )
    max_leaked_clips: int = Field(
        0, ge=0, description="clips of a class whose bytes are in another split too"
    )

    max_outside_share: float = Field(
        0.25, ge=0, le=1, description="clips of a class outside the latent space's density range"
    )
    max_unfitted_share: float = Field(
        0.10, ge=0, le=1, description="usable clips that the latent space was not fitted on"
    )
    min_trustworthiness: float = Field(
        0.80, ge=0, le=1, description="trustworthiness of the 2-D layout"
    )
    max_noise_share: float = Field(
        0.90, ge=0, le=1, description="clips of a class that are in no cluster"
    )
    min_stability: float = Field(
        0.30, ge=0, le=1, description="mean Jaccard similarity of clusters found in subsamples"
    )
    max_severity_rise: float = Field(
        0.05, ge=0, le=1, description="rise of a pinned insight's severity since it was pinned"
    )

    drift_splits: tuple[str, ...] = Field(
        (), description="splits whose clips performance is held against the baseline; () = all"
    )
    drift_min_clips: int = Field(20, ge=2, description="fewest clips that a comparison is made of")
    accuracy_drop_warn: float = Field(0.02, ge=0, le=1, description="WARN from this drop on")
    accuracy_drop_error: float = Field(0.05, ge=0, le=1, description="ERROR from this drop on")
    loss_rise_warn: float = Field(0.10, ge=0, description="WARN from this rise on, in nat")
    loss_rise_error: float = Field(0.25, ge=0, description="ERROR from this rise on, in nat")
    calibration_rise_warn: float = Field(0.05, ge=0, le=1, description="WARN from this rise on")
    calibration_rise_error: float = Field(0.10, ge=0, le=1, description="ERROR from this rise on")
    model_alpha: float = Field(
        0.02, gt=0, lt=1, description="level of the paired tests of one class and metric"
    )
    population_alpha: float = Field(
        0.005, gt=0, lt=1, description="level of a night's tests of new against old clips"
    )
    field_shift_warn: float = Field(
        0.30, ge=0, description="Wasserstein distance in deviations of the baseline"
    )
    embedding_auc_warn: float = Field(
        0.60, ge=0.5, le=1, description="how well new clips can be told from the baseline's"
    )
    data_alpha: float = Field(
        0.005, gt=0, lt=1, description="level of a night's tests of metadata and embeddings"
    )

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> Self:
        for rise in ("accuracy_drop", "loss_rise", "calibration_rise"):
            warn, error = getattr(self, f"{rise}_warn"), getattr(self, f"{rise}_error")
            if warn > error:
                raise ValueError(
                    f"{rise}_warn ({warn:g}) is above {rise}_error ({error:g}): lower the first "
                    "or raise the second"
                )
        return self
