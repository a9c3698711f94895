"""How a model did on a set of clips: accuracy, loss, calibration, each with its interval.

Figures of one night belong here; comparing two nights does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import Interval, mean_difference, wilson

BINS = 15


@dataclass(frozen=True)
class Figures:
    """Performance on a set of clips; NaN estimates where there are none.

    Attributes:
        clips: how many.
        accuracy: share right with its Wilson interval.
        mean_loss: mean cross entropy in nat with Student's interval.
        calibration_error: expected calibration error, 0..1. It is biased upwards in few clips.
    """

    clips: int
    accuracy: Interval
    mean_loss: Interval
    calibration_error: float


def figures(clips: ScoredClips) -> Figures:
    """Accuracy, mean loss and calibration error of a set of clips."""
    # Welch's interval against a group without spread is Student's of one sample.
    mean_loss = mean_difference(clips.loss, np.zeros(2))
    return Figures(
        clips=len(clips),
        accuracy=wilson(int(clips.correct.sum()), len(clips)),
        mean_loss=mean_loss,
        calibration_error=expected_calibration_error(clips.confidence, clips.correct),
    )


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = BINS
) -> float:
    """Mean distance of confidence from accuracy over equal-width bins, weighted by clips.

    Args:
        confidence: (n,) float probability of the predicted label, 0..1.
        correct: (n,) float, 1 right, 0 wrong.
        bins: bins ((b - 1) / bins, b / bins]; confidence 0 falls into the first.

    Returns:
        0 (calibrated) to 1; NaN without clips.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3.
    """
    if not len(confidence):
        return float("nan")
    gaps = calibration_gaps(confidence, correct, bins)
    return float(np.abs(gaps.sum(axis=0)).sum() / len(gaps))


def calibration_gaps(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> np.ndarray:
    """(n, bins) confidence minus correct, in the clip's own bin; 0 elsewhere.

    The expected calibration error of any subset or resample is the sum over bins of the absolute
    (weighted) column sums, over its clips: matrix products serve all draws at once.
    """
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    own = np.searchsorted(edges, np.asarray(confidence, np.float64), side="left")
    gaps = np.zeros((len(own), bins))
    gaps[np.arange(len(own)), own] = np.asarray(confidence) - np.asarray(correct)
    return gaps
