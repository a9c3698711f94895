"""Clips whose label is probably wrong: the model and the neighbours speak against it.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, Question
from insight_dagster.analysis.numerics.intervals import wilson
from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg

KIND = "mislabeled"
LARGEST_OWN_SHARE = 0.15
LARGEST_OWN_CONFIDENCE = 0.12
SMALLEST_OTHER_CONFIDENCE = 0.5
LARGEST_FALSE_SHARE = 0.2
_NEIGHBOURS = 10
_COPY = 1e-3
_FREEDOM = 10
_FEWEST = 10


@dataclass(frozen=True)
class _Evidence:
    """What speaks for the labels of some clips; all (n,) but `names`.

    Attributes:
        rows: of the clip table.
        suggested: other class that model and neighbours favour, as a column of `names`.
        weight: model's probability of it relative to its usual one, at most 1.
        suspect: whether both views reject the label.
        p_value: chance of evidence so weak in a clip that is labelled right.
    """

    rows: np.ndarray
    names: np.ndarray
    suggested: np.ndarray
    weight: np.ndarray
    suspect: np.ndarray
    p_value: np.ndarray


def find(search: Search) -> Question:
    """Clips whose label both the model and the latent neighbours speak against.

    A clip is suspect where at most one neighbour in ten carries its label, the model gives that
    label less than 0.12 of what it usually gives clips that carry it, and gives some other class
    at least half of what it usually gives clips of that class (confident learning's thresholds).

    Null: in every class, margin and neighbour share of rightly labelled clips are a bulk with
    Student's lower tail, whose centre and deviation come from median and lower quartile; wrong
    labels do not move these, and a class that is merely hard has a wide bulk. Suspects are kept
    while Benjamini-Hochberg over all clips expects at most a fifth of them to be false. The
    p-value is Simes' over all clips: whether there are wrong labels is asked of the library once.

    Source: Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70 (2021) 1373.
    """
    clips = search.clips
    known = np.isin(clips.labels, clips.model_labels) & np.isfinite(clips.probabilities).all(axis=1)
    rows = np.flatnonzero(known)
    if not len(rows):
        return Question(KIND, (), "no clip has a prediction and a label that the model knows")
    if len(clips.model_labels) < 2:
        return Question(KIND, (), "the model knows one label only")
    if np.unique(clips.labels[rows], return_counts=True)[1].max() < _FEWEST:
        return Question(KIND, (), f"no class has {_FEWEST} clips")
    evidence = _evidence(search, rows)
    q_values = benjamini_hochberg(evidence.p_value)
    chosen = evidence.suspect & (q_values <= LARGEST_FALSE_SHARE)
    labels = clips.labels[evidence.rows]
    p_value = float(np.nanmin(q_values, initial=1.0))
    found = [
        _describe(clips, str(name), evidence, chosen & (labels == name), p_value=p_value)
        for name in np.unique(labels[chosen])
    ]
    return Question(KIND, tuple(found))


def _evidence(search: Search, rows: np.ndarray) -> _Evidence:
    clips = search.clips
    names = np.unique(clips.labels[rows])
    column = np.searchsorted(names, clips.labels[rows])
    probability = clips.probabilities[rows][:, [clips.model_labels.index(n) for n in names]]
    usual = np.array([probability[column == c, c].mean() for c in range(len(names))])
    shares = _neighbour_shares(search, rows, names)
    at = np.arange(len(rows))
    own_share, own = shares[at, column], probability[at, column]
    support = np.where(np.arange(len(names)) == column[:, None], -1.0, probability + shares)
    suggested = support.argmax(axis=1)
    relative = probability[at, suggested] / np.maximum(usual[suggested], 1e-12)
    suspect = (own_share <= LARGEST_OWN_SHARE) & (relative >= SMALLEST_OTHER_CONFIDENCE)
    suspect &= own <= LARGEST_OWN_CONFIDENCE * usual[column]
    margin = _margins(clips, rows)
    p_value = _lower_tails(margin, own_share, column)
    return _Evidence(rows, names, suggested, np.minimum(relative, 1.0), suspect, p_value)


def _margins(clips: ClipTable, rows: np.ndarray) -> np.ndarray:
    """Logit of the own class minus the largest other one."""
    logs = np.log(np.maximum(clips.probabilities[rows].astype(np.float64), 1e-12))
    column = np.array([clips.model_labels.index(name) for name in clips.labels[rows]])
    at = np.arange(len(rows))
    own = logs[at, column]
    logs[at, column] = -np.inf
    return own - logs.max(axis=1)


def _neighbour_shares(search: Search, rows: np.ndarray, names: np.ndarray) -> np.ndarray:
    """(n, c) float32 share of every class among the 10 nearest other clips of these rows.

    Copies of a clip carry its wrong label too and say nothing, as do clips whose label the model
    does not know: they are left out.
    """
    found = search.neighbours
    indices, distances = found.indices[rows], found.distances[rows]
    if not indices.shape[1]:
        return np.zeros((len(rows), len(names)), np.float32)
    labels = search.clips.labels[indices]
    column = np.minimum(np.searchsorted(names, labels), len(names) - 1)
    usable = (distances > _COPY * np.median(distances[:, -1])) & (names[column] == labels)
    usable &= np.cumsum(usable, axis=1) <= _NEIGHBOURS
    counts = np.zeros((len(rows), len(names)), np.float32)
    at = np.broadcast_to(np.arange(len(rows))[:, None], column.shape)
    np.add.at(counts, (at[usable], column[usable]), 1)
    return counts / np.maximum(1, usable.sum(axis=1, dtype=np.float32))[:, None]


def _lower_tails(margin: np.ndarray, own_share: np.ndarray, column: np.ndarray) -> np.ndarray:
    """p-value of every clip's label evidence within its class; NaN in classes under 10 clips."""
    from scipy import stats

    p_values = np.full(len(margin), np.nan)
    for number in np.unique(column):
        rows = np.flatnonzero(column == number)
        if len(rows) >= _FEWEST:
            both = _standard(margin[rows], 0.0) + _standard(own_share[rows], 1 / _NEIGHBOURS)
            p_values[rows] = stats.t.cdf(_standard(both, 0.0), _FREEDOM)
    return p_values


def _standard(values: np.ndarray, smallest: float) -> np.ndarray:
    """Distance from the median in deviations told by the lower quartile, not below `smallest`."""
    from scipy import stats

    middle, lower = np.quantile(values, [0.5, 0.25])
    deviation = (middle - lower) / stats.t.ppf(0.75, _FREEDOM)
    return (values - middle) / max(deviation, smallest, 1e-6)


def _describe(
    clips: ClipTable, class_name: str, evidence: _Evidence, chosen: np.ndarray, *, p_value: float
) -> Finding:
    rows, suggested = evidence.rows[chosen], evidence.names[evidence.suggested[chosen]]
    weights = np.clip(evidence.weight[chosen], 0.5, 1.0)
    share = wilson(len(rows), len(clips.of_class(class_name)))
    names, counts = np.unique(suggested, return_counts=True)
    listed = ", ".join(f"{name} ({count})" for name, count in zip(names, counts, strict=True))
    plural = "s" if len(rows) > 1 else ""
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=rows,
        weights=weights,
        effect_name="share of the class that is suspect",
        effect=share.estimate,
        ci_low=share.low,
        ci_high=share.high,
        p_value=p_value,
        strength=float(weights.mean()),
        relevant=True,
        sentence=f"{len(rows)} clip{plural} labelled {class_name} look{'' if plural else 's'} "
        f"like {listed}: the model gives the label {clips.probability[rows].mean():.1%} on "
        "average, and hardly any neighbour carries it.",
        action="Watch the clips and correct the labels where the suggestion is right.",
        suggested=suggested,
        class_name=class_name,
        found_by=("label disagreement",),
        scores=_soft(clips, evidence, class_name),
    )


def _soft(clips: ClipTable, evidence: _Evidence, class_name: str) -> np.ndarray:
    """How much speaks against the label of every clip of the class, 0..1; 1 - p, suspects first."""
    own = clips.labels[evidence.rows] == class_name
    against = 1 - np.nan_to_num(evidence.p_value[own], nan=1.0)
    scores = np.zeros(len(clips), np.float32)
    scores[evidence.rows[own]] = np.where(evidence.suspect[own], 0.5 + against / 2, against / 2)
    return scores
