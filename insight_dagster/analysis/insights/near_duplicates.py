"""Clips that repeat another clip: inside a split a duplicate, across splits a leak.

The definition of both kinds belongs here: candidates, statistic, null, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis import populations, statistics
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, Question
from insight_dagster.analysis.insights.search import Search
from insight_dagster.analysis.neighbours import Neighbours

DUPLICATE, LEAK = "duplicate", "leak"
_NEIGHBOURS = 8
_BACKGROUND = slice(2, 6)
LARGEST_RATIO = 1 / 3
_FREEDOM = 20
_SMALLEST = 1e-3
_FALSE_PAIRS = 0.01


@dataclass(frozen=True)
class _Pairs:
    """Clip of the class, the clip that it repeats, and the chance of so close a pair."""

    rows: np.ndarray
    partners: np.ndarray
    p_values: np.ndarray


def find(search: Search, class_name: str) -> Question:
    """Clips of one class that repeat another clip of any class.

    Candidates are a clip's nearest in the latent space; the one whose thumbnails differ least is
    its pair. It is a copy where its thumbnails differ at most a third as much as is usual between
    that clip and its next neighbours (so that clips of a dense, merely similar group do not stand
    out), and where the null expects no more than 0.01 pairs with thumbnails so close in the
    class. Null: log differences to the third to sixth neighbours, which are not copies, with
    Student's tails. Without thumbnails the latent distance takes their place.
    """
    name, clips = f"copies/{class_name}", search.clips
    rows = clips.of_class(class_name)
    if len(clips) < _NEIGHBOURS + 2 or not len(rows):
        return Question(name, ())
    found = Neighbours(
        search.neighbours.indices[rows, :_NEIGHBOURS],
        search.neighbours.distances[rows, :_NEIGHBOURS],
    )
    looks = _thumbnail_distances(clips.signature, rows, found.indices)
    same = clips.splits[found.indices] == clips.splits[rows][:, None]
    findings = []
    for kind, eligible in ((DUPLICATE, same), (LEAK, ~same)):
        pairs = _close(rows, found, looks, eligible)
        if len(pairs.rows):
            findings.append(_describe(clips, class_name, kind, pairs, len(rows)))
    return Question(name, tuple(findings))


def _thumbnail_distances(
    signature: np.ndarray, rows: np.ndarray, partners: np.ndarray
) -> np.ndarray:
    """Root mean squared grey-level difference of every row to each of its partners, (n, k)."""
    own = signature[rows].astype(np.float32)
    out = np.zeros(partners.shape)
    for column in range(partners.shape[1] if signature.shape[1] else 0):
        gap = own - signature[partners[:, column]].astype(np.float32)
        out[:, column] = np.sqrt((gap**2).mean(axis=1))
    return out


def _close(rows: np.ndarray, found: Neighbours, looks: np.ndarray, eligible: np.ndarray) -> _Pairs:
    """The closest eligible candidate of every row, where it is a copy."""
    apart = looks if looks.any() else found.distances
    best = np.where(eligible, apart, np.inf).argmin(axis=1)
    at = np.arange(len(rows))
    p_values = _lower_tail(np.log(np.maximum(apart, _SMALLEST)))[at, best]
    if not looks.any():
        p_values = np.maximum(p_values, _chance_of_ratio(found.distances)[at, best])
    chosen = eligible[at, best] & (p_values * len(rows) <= _FALSE_PAIRS)
    chosen &= (apart <= LARGEST_RATIO * _usual(apart))[at, best]
    return _Pairs(rows[chosen], found.indices[at, best][chosen], p_values[chosen])


def _chance_of_ratio(distances: np.ndarray) -> np.ndarray:
    """(n, k) chance that a neighbour is so close, of points spread evenly in few dimensions.

    Of m neighbours inside a ball in D dimensions, the expected number within a share r of its
    radius is m r^D; D is the maximum-likelihood intrinsic dimension of all rows.

    Source: Levina and Bickel, NIPS 17 (2004) 777.
    """
    radius = np.maximum(distances[:, -1:], 1e-12)
    ratio = np.clip(distances / radius, 1e-12, 1)
    inner = np.log(1 / ratio[:, 2:-1])  # the two nearest may be copies
    dimension = 1 / max(float(inner.mean()), 1e-2) if inner.size else 1.0
    return np.minimum(1.0, distances.shape[1] * ratio**dimension)


def _usual(distances: np.ndarray) -> np.ndarray:
    """(n, 1) distance of every row to its next neighbours, the nearest two left out."""
    return np.median(distances[:, _BACKGROUND], axis=1, keepdims=True)


def _lower_tail(logs: np.ndarray) -> np.ndarray:
    """Lower-tail p of every entry under the bulk of the columns from the third on.

    Copies are first neighbours and lie in the lower tail: centre and deviation come from the
    median and the upper quartile. The tails are Student's with 20 degrees of freedom.
    """
    from scipy import stats

    middle, upper = np.quantile(logs[:, _BACKGROUND], [0.5, 0.75])
    deviation = max((upper - middle) / stats.t.ppf(0.75, _FREEDOM), 1e-3)
    return stats.t.cdf((logs - middle) / deviation, _FREEDOM)


def _describe(
    clips: ClipTable, class_name: str, kind: str, pairs: _Pairs, class_size: int
) -> Finding:
    share = statistics.wilson(len(pairs.rows), class_size)
    rows, partners = _with_partners(pairs)
    splits = sorted({f"{a or '?'}/{b or '?'}" for a, b in _split_pairs(clips, pairs)})
    where = "inside a split" if kind == DUPLICATE else "across splits"
    named = "" if kind == DUPLICATE else f" ({', '.join(splits)})"
    drop = "from one side" if kind == LEAK else "but one of each"
    return Finding(
        kind=kind,
        population=populations.ALL.name,
        rows=rows,
        weights=np.ones(len(rows)),
        effect_name=f"share of the class that repeats another clip {where}",
        effect=share.estimate,
        ci_low=share.low,
        ci_high=share.high,
        p_value=min(1.0, float(pairs.p_values.max()) * class_size),
        strength=1.0,
        relevant=True,
        sentence=f"{len(pairs.rows)} {class_name} clips ({share.estimate:.1%} of the class) repeat "
        f"another clip {where}{named}.",
        action=f"Watch the pairs and remove the copies {drop}.",
        partners=partners,
        class_name=class_name,
        found_by=("near copies",),
    )


def _with_partners(pairs: _Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Every clip of a pair with the clip that it repeats, once, in row order."""
    partner = dict(zip(pairs.partners.tolist(), pairs.rows.tolist(), strict=True))
    partner |= dict(zip(pairs.rows.tolist(), pairs.partners.tolist(), strict=True))
    rows = np.array(sorted(partner), np.int64)
    return rows, np.array([partner[row] for row in rows.tolist()], np.int64)


def _split_pairs(clips: ClipTable, pairs: _Pairs) -> set[tuple[str, str]]:
    return {
        (min(a, b), max(a, b))
        for a, b in zip(clips.splits[pairs.rows], clips.splits[pairs.partners], strict=True)
    }
