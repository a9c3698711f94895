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

    Null: labels are drawn from the model's probabilities, calibrated by one temperature. The
    number of clips of this class with so small a probability of their own label is then Poisson
    with the mean that those probabilities add up to over all clips.

    Source of the thresholds: Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70 (2021) 1373.
    """
    if class_name not in clips.model_labels:
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
    """Chance of as many clips of the class with so small a probability of their own label."""
    from scipy import stats

    column = clips.model_labels.index(class_name)
    probability = _calibrated(clips)[:, column]
    level = probability[suspects].max()
    low = probability <= level
    observed = int((low & (clips.labels == class_name)).sum())
    return float(stats.poisson.sf(observed - 1, probability[low].sum()))


def _calibrated(clips: ClipTable) -> np.ndarray:
    """Probabilities at the one temperature, from 1 up, at which the labels are likeliest."""
    logits = np.log(np.maximum(clips.probabilities.astype(np.float64), 1e-12))
    index = {name: position for position, name in enumerate(clips.model_labels)}
    known = np.array([index.get(name, -1) for name in clips.labels])
    rows = np.flatnonzero(known >= 0)
    losses = []
    temperatures = np.geomspace(1.0, 5.0, 17)
    for temperature in temperatures:
        scaled = _softmax(logits[rows] / temperature)
        losses.append(-np.log(np.maximum(scaled[np.arange(len(rows)), known[rows]], 1e-12)).mean())
    return _softmax(logits / temperatures[int(np.argmin(losses))])


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


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
