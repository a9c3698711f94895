"""`Change`: one part of a performance drift in one metric, with effect and significance.

The result type belongs here; the tests that compute it do not (`model_change`,
`population_change`).
"""

from __future__ import annotations

from dataclasses import dataclass

from insight_dagster.tables.status import DriftPart

MODEL_CHANGE = DriftPart.MODEL_CHANGE
POPULATION_CHANGE = DriftPart.POPULATION_CHANGE
PARTS = (MODEL_CHANGE, POPULATION_CHANGE)

ACCURACY = "accuracy"
LOSS = "loss"
CALIBRATION = "calibration"
METRICS = (ACCURACY, LOSS, CALIBRATION)

_NAN = float("nan")


@dataclass(frozen=True)
class Change:
    """Change of one metric between two sets of clips; a positive effect is worse.

    Attributes:
        part: `model_change` (the same clips, as predicted in the baseline and now) or
            `population_change` (old clips and new clips, both as predicted now).
        metric: `accuracy` (0..1), `loss` (nat) or `calibration` (expected calibration error).
        baseline_clips, current_clips: clips on either side.
        baseline_value, current_value: the metric on either side. For accuracy and loss of a
            population change, the baseline's is the old clips' mean, weighted to the strata of the
            new clips.
        effect: drop of accuracy, rise of loss or of calibration error. For the calibration of a
            population change, less the rise expected by chance for sets of these sizes.
        ci_low, ci_high: its 95 % bootstrap interval.
        p_value: one-sided for worse; NaN if not tested.
        tested: whether there are enough clips; effect and interval are NaN if not.
        reason: why it was not tested, or a remark on the comparison.

    Raises:
        ValueError: part or metric is unknown, or a tested change has no p-value.
    """

    part: str
    metric: str
    baseline_clips: int
    current_clips: int
    baseline_value: float
    current_value: float
    effect: float
    ci_low: float
    ci_high: float
    p_value: float
    tested: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.part not in PARTS or self.metric not in METRICS:
            raise ValueError(
                f"part must be one of {', '.join(PARTS)} and metric one of {', '.join(METRICS)}, "
                f"got {self.part!r} and {self.metric!r}"
            )
        if self.tested and not 0 <= self.p_value <= 1:
            raise ValueError(f"a tested change needs a p-value in 0..1, got {self.p_value}")


def untested_changes(
    part: str, values: dict[str, tuple[float, float]], clips: tuple[int, int], reason: str
) -> tuple[Change, ...]:
    """Return the changes of a part that has too few clips: values without tests.

    Args:
        part: part of the drift.
        values: metric -> its values in the baseline and now.
        clips: number of clips on either side.
        reason: why the part was not tested.
    """
    return tuple(
        Change(part, metric, *clips, *values[metric], _NAN, _NAN, _NAN, _NAN, False, reason)
        for metric in METRICS
    )
