"""One part of a performance drift in one metric: then, now, how much worse, how sure.

The shape of the answer belongs here; the tests that fill it do not (`model_change`,
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
    """How one metric differs between two sets of clips; a positive effect is worse.

    Attributes:
        part: `model_change` (the same clips, then and now) or `population_change` (old clips and
            new clips, both now).
        metric: `accuracy` (0..1), `loss` (nat) or `calibration` (expected calibration error).
        clips_then, clips_now: clips on either side.
        then, now: the metric on either side. For accuracy and loss of a population change, `then`
            is the old clips' mean weighted to the strata of the new clips.
        effect: drop of accuracy, rise of loss or of calibration error. For the calibration of a
            population change less what chance gives sets of these sizes.
        ci_low, ci_high: its 95 % bootstrap interval.
        p_value: one-sided for worse; NaN when not judged.
        judged: whether there are enough clips; effect and interval are NaN when not.
        reason: why it is not judged, or what to know about the comparison.
    """

    part: str
    metric: str
    clips_then: int
    clips_now: int
    then: float
    now: float
    effect: float
    ci_low: float
    ci_high: float
    p_value: float
    judged: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.part not in PARTS or self.metric not in METRICS:
            raise ValueError(
                f"a change is of {PARTS} in {METRICS}, got {self.part!r} in {self.metric!r}"
            )
        if self.judged and not 0 <= self.p_value <= 1:
            raise ValueError(f"a judged change needs a p-value in 0..1, got {self.p_value}")


def not_judged(
    part: str, figures: dict[str, tuple[float, float]], clips: tuple[int, int], reason: str
) -> tuple[Change, ...]:
    """The three metrics of a part that has too few clips: what was seen, and why no more.

    Args:
        part: of the drift.
        figures: metric -> (then, now).
        clips: on either side.
        reason: in plain words.
    """
    return tuple(
        Change(part, metric, *clips, *figures[metric], _NAN, _NAN, _NAN, _NAN, False, reason)
        for metric in METRICS
    )
