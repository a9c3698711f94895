"""Clips whose label is probably wrong: the model and the neighbours agree on another one.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis import populations, statistics
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.neighbours import nearest

KIND = "mislabeled"
LARGEST_OWN_SHARE = 0.2
SMALLEST_OTHER_SHARE = 0.6
_NEIGHBOURS = 10
_SPARE = 6
_FREEDOM = 5
_FEWEST = 10
_COPY = 1e-3


@dataclass(frozen=True)
class _Suspects:
    """Rows, the label each should have, and how sure that is (0..1)."""

    rows: np.ndarray
    suggested: np.ndarray
    weights: np.ndarray


def find(clips: ClipTable, class_name: str) -> list[Finding]:
    """Clips of one class whose label both the model and the latent neighbours speak against.

    A clip is suspect where the model is at least as sure of another class as it is, on average,
    of the clips that carry that label (confident learning), and where few of its neighbours carry
    its own label and most carry the other.

    Null: the class's margins (own logit minus the largest other) are a bulk with Student's lower
    tail, whose centre and deviation the median and lower quartile give; wrong labels do not move
    these. The number of clips with margins as negative as the suspects' is then Poisson: a class
    that is merely hard has a wide bulk, and its errors are expected.

    Source of the thresholds: Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70 (2021) 1373.
    """
    if class_name not in clips.model_labels or len(clips.of_class(class_name)) < _FEWEST:
        return []
    names = [name for name in clips.classes if name in clips.model_labels]
    columns = np.array([clips.model_labels.index(name) for name in names])
    suspects = _suspects(clips, class_name, columns)
    if not len(suspects.rows):
        return []
    return [_describe(clips, class_name, suspects, _p_value(clips, class_name, suspects.rows))]


def _suspects(clips: ClipTable, class_name: str, columns: np.ndarray) -> _Suspects:
    names = np.array(clips.model_labels)[columns]
    rows = clips.of_class(class_name)
    confident = clips.probabilities[np.ix_(rows, columns)] >= _thresholds(clips, columns)
    confident[:, names == class_name] = False
    best = np.where(confident, clips.probabilities[np.ix_(rows, columns)], -1.0).argmax(axis=1)
    own, other = _neighbour_shares(clips, rows, names[best])
    chosen = confident.any(axis=1) & (own <= LARGEST_OWN_SHARE) & (other >= SMALLEST_OTHER_SHARE)
    sure = clips.probabilities[rows, columns[best]] * other
    return _Suspects(rows[chosen], names[best][chosen], np.clip(sure[chosen], 0.5, 1.0))


def _thresholds(clips: ClipTable, columns: np.ndarray) -> np.ndarray:
    """Mean probability of every class over the clips that carry its label; 2 where none does."""
    means = np.full(len(columns), 2.0)
    for position, column in enumerate(columns):
        rows = clips.of_class(clips.model_labels[column])
        if len(rows):
            means[position] = clips.probabilities[rows, column].mean()
    return means


def _neighbour_shares(
    clips: ClipTable, rows: np.ndarray, other: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each row's neighbours with its own label, and with the other one.

    Copies of a clip carry its wrong label too and say nothing: they are left out.
    """
    found = nearest(clips.coordinates[rows], clips.coordinates, k=_NEIGHBOURS + 1 + _SPARE)
    typical = np.median(found.distances[:, -1]) if found.distances.size else 0.0
    usable = (found.indices != rows[:, None]) & (found.distances > _COPY * typical)
    usable &= np.cumsum(usable, axis=1) <= _NEIGHBOURS
    labels = clips.labels[found.indices]
    total = np.maximum(1, usable.sum(axis=1))
    own = (usable & (labels == clips.labels[rows][:, None])).sum(axis=1) / total
    return own, (usable & (labels == other[:, None])).sum(axis=1) / total


def _p_value(clips: ClipTable, class_name: str, suspects: np.ndarray) -> float:
    """Chance of as many clips of the class with so negative a margin of their own label."""
    from scipy import stats

    margins = _margins(clips, class_name)
    middle, lower = np.quantile(margins, [0.5, 0.25])
    deviation = max((middle - lower) / stats.t.ppf(0.75, _FREEDOM), 1e-6)
    own = margins[np.searchsorted(clips.of_class(class_name), suspects)]
    expected = len(margins) * stats.t.cdf((own.max() - middle) / deviation, _FREEDOM)
    return float(stats.poisson.sf(len(suspects) - 1, expected))


def _margins(clips: ClipTable, class_name: str) -> np.ndarray:
    """Logit of the own class minus the largest other one, for every clip of the class."""
    logs = np.log(np.maximum(clips.probabilities[clips.of_class(class_name)], 1e-12))
    column = clips.model_labels.index(class_name)
    return logs[:, column] - np.delete(logs, column, axis=1).max(axis=1)


def _describe(clips: ClipTable, class_name: str, suspects: _Suspects, p_value: float) -> Finding:
    rows = suspects.rows
    own = clips.probability[rows]
    share = statistics.wilson(len(rows), len(clips.of_class(class_name)))
    names, counts = np.unique(suspects.suggested, return_counts=True)
    listed = ", ".join(f"{name} ({count})" for name, count in zip(names, counts, strict=True))
    sentence = (
        f"{len(rows)} clips labelled {class_name} look like {listed}: the model gives their own "
        f"label {np.nanmean(own):.0%} on average and their neighbours carry the other label."
    )
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=rows,
        weights=suspects.weights,
        effect_name="share of the class that is suspect",
        effect=share.estimate,
        ci_low=share.low,
        ci_high=share.high,
        p_value=p_value,
        strength=float(suspects.weights.mean()),
        relevant=True,
        sentence=sentence,
        action="Watch the clips and correct the labels where the suggestion is right.",
        suggested=suspects.suggested,
    )
