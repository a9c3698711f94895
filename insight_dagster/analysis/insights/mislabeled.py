"""Clips whose label is probably wrong: the model and the neighbours speak against it.

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
LARGEST_OWN_SHARE = 0.15
LARGEST_OWN_CONFIDENCE = 0.12
SMALLEST_OTHER_CONFIDENCE = 0.5
LARGEST_FALSE_SHARE = 0.2
_NEIGHBOURS, _SPARE = 10, 6
_COPY = 1e-3
_FREEDOM = 10
_FEWEST = 10
_SCOPE = 6_000


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


def find(clips: ClipTable, class_name: str, rng: np.random.Generator) -> list[Finding]:
    """Clips of one class whose label both the model and the latent neighbours speak against.

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
    if class_name not in clips.model_labels:
        return []
    evidence = _evidence(clips, _scope(clips, class_name, rng))
    q_values = statistics.benjamini_hochberg(evidence.p_value)
    chosen = evidence.suspect & (q_values <= LARGEST_FALSE_SHARE)
    own = chosen & (clips.labels[evidence.rows] == class_name)
    if not own.any():
        return []
    return [_describe(clips, class_name, evidence, own, p_value=float(np.nanmin(q_values)))]


def _scope(clips: ClipTable, class_name: str, rng: np.random.Generator) -> np.ndarray:
    """Rows whose label the model knows: the own class and at most 6,000 others."""
    known = np.isin(clips.labels, clips.model_labels)
    own = clips.labels == class_name
    others = np.flatnonzero(known & ~own)
    return np.sort(np.concatenate([np.flatnonzero(own), rng.permutation(others)[:_SCOPE]]))


def _evidence(clips: ClipTable, rows: np.ndarray) -> _Evidence:
    names = np.unique(clips.labels[rows])
    column = np.searchsorted(names, clips.labels[rows])
    probability = clips.probabilities[rows][:, [clips.model_labels.index(n) for n in names]]
    usual = np.array([probability[column == c, c].mean() for c in range(len(names))])
    shares = _neighbour_shares(clips, rows, names)
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


def _neighbour_shares(clips: ClipTable, rows: np.ndarray, names: np.ndarray) -> np.ndarray:
    """(n, c) share of every class among the 10 nearest other clips of these rows.

    Copies of a clip carry its wrong label too and say nothing: they are left out.
    """
    points = clips.coordinates[rows]
    found = nearest(points, points, k=_NEIGHBOURS + 1 + _SPARE)
    typical = np.median(found.distances[:, -1])
    usable = (found.indices != np.arange(len(rows))[:, None]) & (found.distances > _COPY * typical)
    usable &= np.cumsum(usable, axis=1) <= _NEIGHBOURS
    labels = np.searchsorted(names, clips.labels[rows])[found.indices]
    counts = np.stack([(usable & (labels == c)).sum(axis=1) for c in range(len(names))], axis=1)
    return counts / np.maximum(1, usable.sum(axis=1))[:, None]


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
    share = statistics.wilson(len(rows), len(clips.of_class(class_name)))
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
    )
