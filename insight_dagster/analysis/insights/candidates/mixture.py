"""A mixture model of place in the latent space, class and outcome.

Fitting and evaluating the model belong here; which components are worth a test does not
(`error_mixture`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_SMOOTHING = 2.0
_SHRINKAGE = 0.05
_TOLERANCE = 1e-4
_CLIPS_PER_DIMENSION = 10
_MOST_DIMENSIONS = 64


@dataclass(frozen=True)
class Evidence:
    """Place, class and outcome of n clips.

    Attributes:
        points: (n, d) coordinates.
        classes: (n,) int class number, 0..c-1.
        outcome: (n,) int outcome number, 0..o-1; 0 is the good one.
        kinds: c and o, whether or not all occur.
    """

    points: np.ndarray
    classes: np.ndarray
    outcome: np.ndarray
    kinds: tuple[int, int]

    def take(self, rows: np.ndarray) -> Evidence:
        """Select some clips."""
        return replace(
            self,
            points=self.points[rows],
            classes=self.classes[rows],
            outcome=self.outcome[rows],
        )


@dataclass(frozen=True)
class Mixture:
    """A mixture of k Gaussians of one covariance, each with its class and outcome shares.

    Attributes:
        log_prior: (k,).
        means: (k, d).
        whitening: (d, d) transform that makes the common covariance the identity.
        log_classes: (k, c).
        log_outcomes: (k, o).
    """

    log_prior: np.ndarray
    means: np.ndarray
    whitening: np.ndarray
    log_classes: np.ndarray
    log_outcomes: np.ndarray

    def responsibilities(self, evidence: Evidence, *, with_outcome: bool = True) -> np.ndarray:
        """Return the posterior of every component, given the outcome or without it: (n, k)."""
        return _normalised(self.log_joint(evidence, with_outcome=with_outcome))[0]

    def log_joint(self, evidence: Evidence, *, with_outcome: bool = True) -> np.ndarray:
        """Return the log of prior times likelihood, up to a common constant: (n, k)."""
        points, means = evidence.points @ self.whitening, self.means @ self.whitening
        squared = (points**2).sum(axis=1)[:, None] + (means**2).sum(axis=1) - 2 * points @ means.T
        logs = self.log_prior - squared / 2 + self.log_classes[:, evidence.classes].T
        return logs + self.log_outcomes[:, evidence.outcome].T if with_outcome else logs


def fit_mixture(
    evidence: Evidence, start: np.ndarray, *, rounds: int = 40
) -> tuple[Mixture, np.ndarray]:
    """Fit a mixture by expectation maximisation, and return it with its (n, k) responsibilities.

    The covariance is common to all components and shrunk towards its diagonal, so that few clips
    suffice in many dimensions. Shares are smoothed towards those of all clips by two pseudo-clips.

    Args:
        evidence: of n clips.
        start: (n, k) responsibilities to start from.
        rounds: most iterations.

    Source: the joint model of embedding, label and prediction is that of Eyuboglu et al.,
    ICLR 2022 (Domino), which has a diagonal covariance a component.
    """
    responsibilities, before = start, -np.inf
    for _ in range(rounds):
        mixture = _maximised(evidence, responsibilities)
        responsibilities, total = _normalised(mixture.log_joint(evidence))
        if total - before < _TOLERANCE:
            break
        before = total
    return mixture, responsibilities


def leading_dimensions(clips: int, width: int) -> int:
    """Return how many leading coordinates to use: ten clips for each, at most 64."""
    most = min(_MOST_DIMENSIONS, width)
    return max(min(2, most), min(most, clips // _CLIPS_PER_DIMENSION))


def _maximised(evidence: Evidence, responsibilities: np.ndarray) -> Mixture:
    points = evidence.points
    mass = responsibilities.sum(axis=0) + 1e-9
    means = responsibilities.T @ points / mass[:, None]
    scatter = points.T @ points - (means * mass[:, None]).T @ means
    covariance = scatter / len(points)
    variances = np.maximum(np.diag(covariance), 1e-12)
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.diag(variances)
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 1e-9 * values[-1])
    return Mixture(
        log_prior=np.log(mass / mass.sum()),
        means=means,
        whitening=vectors / np.sqrt(values),
        log_classes=_log_shares(evidence.classes, evidence.kinds[0], responsibilities),
        log_outcomes=_log_shares(evidence.outcome, evidence.kinds[1], responsibilities),
    )


def _log_shares(values: np.ndarray, kinds: int, responsibilities: np.ndarray) -> np.ndarray:
    """Return the log share of every value in every component, smoothed to that in all: (k, v)."""
    counts = np.stack([
        np.bincount(values, weights=column, minlength=kinds) for column in responsibilities.T
    ])  # fmt: skip
    smoothed = counts + _SMOOTHING * np.bincount(values, minlength=kinds) / len(values)
    return np.asarray(np.log(np.maximum(smoothed / smoothed.sum(axis=1, keepdims=True), 1e-12)))


def _normalised(log_joint: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the (n, k) posterior and the mean log-likelihood."""
    top = log_joint.max(axis=1, keepdims=True)
    weights = np.exp(log_joint - top)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, float((top + np.log(total)).mean())
