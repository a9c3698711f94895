"""Clips whose label is probably wrong: the model and the neighbours contradict it.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
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
    """Evidence for and against the labels of n clips.

    Attributes:
        rows: (n,) rows of the clip table.
        names: (c,) classes.
        suggested: (n,) other class that model and neighbours favour, as an index into `names`.
        weight: (n,) the model's probability of it relative to its usual one, at most 1.
        suspect: (n,) bool: whether both model and neighbours reject the label.
        p_value: (n,) chance of evidence so weak for a clip with the right label.
    """

    rows: np.ndarray
    names: np.ndarray
    suggested: np.ndarray
    weight: np.ndarray
    suspect: np.ndarray
    p_value: np.ndarray


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find clips whose label both the model and the latent neighbours contradict.

    A clip is suspect where at most one neighbour in ten carries its label, the model gives that
    label less than 0.12 of what it usually gives clips that carry it, and gives some other class
    at least half of what it usually gives clips of that class (confident learning's thresholds).

    Null: in every class, margin and neighbour share of correctly labelled clips are a bulk with
    Student's lower tail, whose centre and deviation come from median and lower quartile; wrong
    labels do not move these, and a class that is merely hard has a wide bulk. Suspects are kept
    while Benjamini-Hochberg over all clips expects at most a fifth of them to be false. The
    p-value is Simes' over all clips: one test of the whole library.

    Source: Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70 (2021) 1373.
    """
    return [_library_test(views)]


def _library_test(views: ClipViews) -> KindTest:
    clips = views.clips
    known = np.isin(clips.labels, clips.model_labels) & np.isfinite(clips.probabilities).all(axis=1)
    rows = np.flatnonzero(known)
    if not len(rows):
        return KindTest(KIND, skipped="no clip has a prediction and a label that the model knows")
    if len(clips.model_labels) < 2:
        return KindTest(KIND, skipped="the model knows one label only")
    if np.unique(clips.labels[rows], return_counts=True)[1].max() < _FEWEST:
        return KindTest(KIND, skipped=f"no class has {_FEWEST} clips")
    evidence = _evidence(views, rows)
    q_values = benjamini_hochberg(evidence.p_value)
    chosen = evidence.suspect & (q_values <= LARGEST_FALSE_SHARE)
    labels = clips.labels[evidence.rows]
    p_value = float(np.nanmin(q_values, initial=1.0))
    found = [
        _describe(clips, str(name), evidence, chosen & (labels == name), p_value=p_value)
        for name in np.unique(labels[chosen])
    ]
    return KindTest(KIND, tuple(found))


def _evidence(views: ClipViews, rows: np.ndarray) -> _Evidence:
    clips = views.clips
    names = np.unique(clips.labels[rows])
    column = np.searchsorted(names, clips.labels[rows])
    probability = clips.probabilities[rows][:, [clips.model_labels.index(n) for n in names]]
    usual = np.array([probability[column == c, c].mean() for c in range(len(names))])
    shares = _neighbour_shares(views, rows, names)
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
    """Return the logit of the clip's label minus the largest other one."""
    logs = np.log(np.maximum(clips.probabilities[rows].astype(np.float64), 1e-12))
    column = np.array([clips.model_labels.index(name) for name in clips.labels[rows]])
    at = np.arange(len(rows))
    own = logs[at, column]
    logs[at, column] = -np.inf
    return own - logs.max(axis=1)


def _neighbour_shares(views: ClipViews, rows: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Return the share of every class among the 10 nearest other clips of each row: (n, c) float32.

    Copies of a clip, which carry its wrong label too, and clips whose label the model does not
    know are no evidence: they are left out.
    """
    found = views.neighbours
    indices, distances = found.indices[rows], found.distances[rows]
    if not indices.shape[1]:
        return np.zeros((len(rows), len(names)), np.float32)
    labels = views.clips.labels[indices]
    column = np.minimum(np.searchsorted(names, labels), len(names) - 1)
    usable = (distances > _COPY * np.median(distances[:, -1])) & (names[column] == labels)
    usable &= np.cumsum(usable, axis=1) <= _NEIGHBOURS
    counts = np.zeros((len(rows), len(names)), np.float32)
    at = np.broadcast_to(np.arange(len(rows))[:, None], column.shape)
    np.add.at(counts, (at[usable], column[usable]), 1)
    return counts / np.maximum(1, usable.sum(axis=1, dtype=np.float32))[:, None]


def _lower_tails(margin: np.ndarray, own_share: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return p-values of the evidence for every clip's label; NaN in classes under 10 clips."""
    from scipy import stats

    p_values = np.full(len(margin), np.nan)
    for number in np.unique(column):
        rows = np.flatnonzero(column == number)
        if len(rows) >= _FEWEST:
            both = _standard(margin[rows], 0.0) + _standard(own_share[rows], 1 / _NEIGHBOURS)
            p_values[rows] = stats.t.cdf(_standard(both, 0.0), _FREEDOM)
    return p_values


def _standard(values: np.ndarray, smallest: float) -> np.ndarray:
    """Return distances from the median in deviations estimated from the lower quartile.

    Args:
        values: of one class.
        smallest: least deviation.
    """
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
        scores=_scores(clips, evidence, class_name),
    )


def _scores(clips: ClipTable, evidence: _Evidence, class_name: str) -> np.ndarray:
    """Score how strong the evidence against each label of the class is: suspects above 0.5."""
    own = clips.labels[evidence.rows] == class_name
    against = 1 - np.nan_to_num(evidence.p_value[own], nan=1.0)
    scores = np.zeros(len(clips), np.float32)
    scores[evidence.rows[own]] = np.where(evidence.suspect[own], 0.5 + against / 2, against / 2)
    return scores
