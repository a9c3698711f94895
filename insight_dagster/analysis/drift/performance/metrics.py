"""Metrics of a model on a set of clips: accuracy, mean loss, calibration error.

Metrics of one set belong here; comparing two sets does not (`performance_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import Interval, mean_difference, wilson

BINS = 15


@dataclass(frozen=True)
class PerformanceMetrics:
    """Metrics of a model on a set of clips; estimates are NaN without clips.

    Attributes:
        clips: number of clips.
        accuracy: share of correct predictions, with Wilson interval.
        mean_loss: mean cross entropy in nat, with Student's interval.
        calibration_error: expected calibration error, 0..1; biased upwards in small sets.
    """

    clips: int
    accuracy: Interval
    mean_loss: Interval
    calibration_error: float


def performance_metrics(clips: ScoredClips) -> PerformanceMetrics:
    """Compute accuracy, mean loss and calibration error of a set of clips."""
    return PerformanceMetrics(
        clips=len(clips),
        accuracy=wilson(int(clips.correct.sum()), len(clips)),
        # Welch's interval against a constant group is Student's interval of one sample.
        mean_loss=mean_difference(clips.loss, np.zeros(2)),
        calibration_error=expected_calibration_error(clips.confidence, clips.correct),
    )


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = BINS
) -> float:
    """Return the expected calibration error: mean gap between confidence and accuracy over bins.

    Args:
        confidence: (n,) float probability of the predicted label, 0..1.
        correct: (n,) float, 1 correct, 0 wrong.
        bins: number of equal-width bins ((b - 1) / bins, b / bins]; 0 is in the first.

    Returns:
        Mean over bins, weighted by their clips: 0 (calibrated) to 1; NaN without clips.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3.
    """
    if not len(confidence):
        return float("nan")
    gaps = calibration_gaps(confidence, correct, bins)
    return float(np.abs(gaps.sum(axis=0)).sum() / len(gaps))


def calibration_gaps(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return (n, bins) confidence minus correctness in each clip's own bin, 0 in the others.

    The expected calibration error of any subset or resample is the sum over bins of the absolute
    weighted column sums, divided by its number of clips, so that one matrix product serves all
    draws.
    """
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    own = np.searchsorted(edges, np.asarray(confidence, np.float64), side="left")
    gaps = np.zeros((len(own), bins))
    gaps[np.arange(len(own)), own] = np.asarray(confidence) - np.asarray(correct)
    return gaps
