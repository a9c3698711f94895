"""Thresholds of the asset checks: the table `[checks]` of the settings file.

Every threshold's name, default, range and meaning belongs here, and only here. Checks take
the whole object; what a check does with a threshold is in `analysis/checks` and `analysis/drift`.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from insight_dagster.tables.status import Severity

MIN_CLIPS = 20

Share = Annotated[float, Field(ge=0, le=1)]
Level = Annotated[float, Field(gt=0, lt=1)]


class Thresholds(BaseModel):
    """Thresholds and severities of all asset checks.

    Raises:
        ValueError: a value is out of range, or a warning threshold lies above its error threshold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    severities: dict[str, Severity] = Field(
        default_factory=dict,
        description="severity by check name, replacing the check's own, e.g. leaks = 'ERROR'",
    )

    max_quarantined_share: Share = Field(
        default=0.10, description="largest share of a class's clips that are quarantined"
    )
    max_duplicate_share: Share = Field(
        default=0.05,
        description="largest share of a class's clips that are byte-for-byte copies of another",
    )
    max_leaked_clips: int = Field(
        default=0, ge=0, description="most clips of a class whose bytes are in another split too"
    )

    max_outside_share: Share = Field(
        default=0.25,
        description="largest share of a class's clips outside the latent space's density range",
    )
    max_unfitted_share: Share = Field(
        default=0.10,
        description="largest share of usable clips that the latent space was not fitted on",
    )
    min_trustworthiness: Share = Field(
        default=0.80, description="smallest trustworthiness of the 2-D layout"
    )
    max_noise_share: Share = Field(
        default=0.90, description="largest share of a class's clips that are in no cluster"
    )
    min_stability: Share = Field(
        default=0.30,
        description="smallest mean Jaccard similarity of clusters with those of subsamples",
    )
    max_severity_rise: Share = Field(
        default=0.05,
        description="largest increase of a pinned insight's severity since it was pinned",
    )

    drift_splits: tuple[str, ...] = Field(
        default=(), description="splits whose performance is compared with the baseline; () = all"
    )
    drift_min_clips: int = Field(
        default=MIN_CLIPS, ge=2, description="fewest clips on either side of a comparison"
    )
    accuracy_drop_warn: Share = Field(default=0.02, description="WARN from this drop on")
    accuracy_drop_error: Share = Field(default=0.05, description="ERROR from this drop on")
    loss_rise_warn: float = Field(default=0.10, ge=0, description="WARN from this rise on, in nat")
    loss_rise_error: float = Field(
        default=0.25, ge=0, description="ERROR from this rise on, in nat"
    )
    calibration_rise_warn: Share = Field(default=0.05, description="WARN from this rise on")
    calibration_rise_error: Share = Field(default=0.10, description="ERROR from this rise on")
    model_alpha: Level = Field(
        default=0.02, description="significance level of one class's tests on the same clips"
    )
    population_alpha: Level = Field(
        default=0.005,
        description="significance level of all tests of new against old clips in one night",
    )
    field_shift_warn: float = Field(
        default=0.30,
        ge=0,
        description="WARN from this Wasserstein distance on, in the baseline's standard deviations",
    )
    field_shift_error: float | None = Field(
        default=None, ge=0, description="ERROR from this Wasserstein distance on; unset = never"
    )
    embedding_auc_warn: float = Field(
        default=0.60,
        ge=0.5,
        le=1,
        description="WARN from this AUC on of separating new clips from the baseline's",
    )
    embedding_auc_error: float | None = Field(
        default=None, ge=0.5, le=1, description="ERROR from this AUC on; unset = never"
    )
    data_alpha: Level = Field(
        default=0.005,
        description="significance level of all tests of metadata and embeddings in one night",
    )

    @field_validator("field_shift_error", "embedding_auc_error", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value  # TOML cannot write None

    @model_validator(mode="after")
    def _warn_before_error(self) -> Self:
        names = ("accuracy_drop", "loss_rise", "calibration_rise", "field_shift", "embedding_auc")
        for name in names:
            warn, error = getattr(self, f"{name}_warn"), getattr(self, f"{name}_error")
            if error is not None and warn > error:
                raise ValueError(
                    f"{name}_warn ({warn:g}) is above {name}_error ({error:g}): lower the first "
                    "or raise the second"
                )
        return self
