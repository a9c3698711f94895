"""Clips that repeat another clip: duplicates inside a split, leaks across splits.

The definition of both kinds belongs here: candidates, statistic, null, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.numerics.intervals import wilson
from insight_dagster.analysis.numerics.neighbours import Neighbours

DUPLICATE, LEAK = "duplicate", "leak"
_BACKGROUND = slice(2, 6)
_BEHIND = 4
_SMALL_BALL = 8
_FEWEST_CLIPS = 10
LARGEST_RATIO = 1 / 3
_FREEDOM = 20
_SMALLEST = 1e-3
_FALSE_PAIRS = 0.01


@dataclass(frozen=True)
class _Copies:
    """Clips of the class that repeat another clip.

    Attributes:
        rows, partners: (m,) rows of the clips, and of those that they repeat most closely.
        p_values: (m,) chance of a pair so close.
        edges: (e, 2) every pair as close as copies.
    """

    rows: np.ndarray
    partners: np.ndarray
    p_values: np.ndarray
    edges: np.ndarray


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find clips of a class that repeat another clip of any class.

    Candidates are a clip's nearest clips in the latent space; the one whose thumbnails differ
    least is its pair. It is a copy where the thumbnails differ at most a third as much as is
    usual between that clip and its next neighbours (so that clips of a dense, merely similar
    group do not stand out), and where the null expects no more than 0.01 pairs so close in the
    class. Null: log differences to the third to sixth neighbours, which are not copies, with
    Student's tails. Without thumbnails, latent distances are used instead. A clip whose split is
    not known can be a duplicate, but no leak.
    """
    return [_test_of(views, class_name) for class_name in views.clips.classes]


def _test_of(views: ClipViews, class_name: str) -> KindTest:
    name, clips = f"copies/{class_name}", views.clips
    rows = clips.of_class(class_name)
    if len(clips) < _FEWEST_CLIPS:
        reason = f"{len(clips)} of the {_FEWEST_CLIPS} clips needed in all"
        return KindTest(name, skipped=reason)
    found = Neighbours(views.neighbours.indices[rows], views.neighbours.distances[rows])
    looks = _thumbnail_distances(clips.signature, rows, found.indices)
    own, others = clips.splits[rows][:, None], clips.splits[found.indices]
    same = (own == others) | (own == "") | (others == "")
    findings = []
    for kind, eligible in ((DUPLICATE, same), (LEAK, ~same)):
        copies = _close(rows, found, looks, eligible)
        if len(copies.rows):
            findings.append(_describe(clips, class_name, kind, copies, len(rows)))
    return KindTest(name, tuple(findings))


def _thumbnail_distances(
    signature: np.ndarray, rows: np.ndarray, partners: np.ndarray
) -> np.ndarray:
    """Return the root mean squared grey-level differences of rows to their partners: (n, k)."""
    own = signature[rows].astype(np.float32)
    out = np.zeros(partners.shape)
    for column in range(partners.shape[1] if signature.shape[1] else 0):
        gap = own - signature[partners[:, column]].astype(np.float32)
        out[:, column] = np.sqrt((gap**2).mean(axis=1))
    return out


def _close(rows: np.ndarray, found: Neighbours, looks: np.ndarray, eligible: np.ndarray) -> _Copies:
    """Select the eligible candidates of every row that are copies, and the closest of them."""
    apart = looks if looks.any() else found.distances
    logs = np.log(np.maximum(apart, _SMALLEST))
    p_values = _lower_tail(logs)
    if not looks.any():
        p_values = np.maximum(p_values, _chance_of_ratio(found.distances))
    copy = eligible & (p_values * len(rows) <= _FALSE_PAIRS)
    usual = _usual(logs)
    crowded = (p_values * len(rows) <= _FALSE_PAIRS).all(axis=1)
    if crowded.any() and not crowded.all():  # only copies around: use what is usual elsewhere
        usual[crowded] = np.median(usual[~crowded])
    copy &= logs <= np.log(LARGEST_RATIO) + usual
    chosen = copy.any(axis=1)
    best = np.where(copy, apart, np.inf).argmin(axis=1)
    at = np.arange(len(rows))
    own, neighbour = np.nonzero(copy)
    return _Copies(
        rows[chosen],
        found.indices[at, best][chosen],
        p_values[at, best][chosen],
        np.column_stack([rows[own], found.indices[own, neighbour]]),
    )


def _chance_of_ratio(distances: np.ndarray) -> np.ndarray:
    """Return the chance that a neighbour is so close, for evenly spread points: (n, k).

    Of m neighbours inside a ball in D dimensions, the expected number within a share r of its
    radius is m r^D; D is the maximum-likelihood intrinsic dimension of all rows. Two balls are
    used, of 8 and of all neighbours: density is more even in the small one, the large one
    reaches beyond a set of copies. The result is twice the smaller chance.

    Source: Levina and Bickel, NIPS 17 (2004) 777.
    """
    chance = np.ones(distances.shape)
    for ball in (_SMALL_BALL, distances.shape[1]):
        inside = distances[:, :ball]
        ratio = np.clip(inside / np.maximum(inside[:, -1:], 1e-12), 1e-12, 1)
        inner = np.log(1 / ratio[:, 2:-1])  # the two nearest may be copies
        dimension = 1 / max(float(inner.mean()), 1e-2) if inner.size else 1.0
        found = 2.0 * inside.shape[1] * ratio**dimension
        chance[:, :ball] = np.minimum(chance[:, :ball], found)
    return chance


def _usual(logs: np.ndarray) -> np.ndarray:
    """Return the usual log distance of every row to neighbours that are not its copies: (n, 1).

    That is the median over the third to sixth neighbour. Where a clip may have more copies, it is
    the median over the four neighbours after the last step by a factor of three.
    """
    ordered = np.sort(logs, axis=1)
    usual = np.median(ordered[:, _BACKGROUND], axis=1)
    steps = np.diff(ordered, axis=1) >= -np.log(LARGEST_RATIO)
    steps[:, -_BEHIND + 1 :] = False  # too few are left to say what is usual
    last = steps.shape[1] - 1 - steps[:, ::-1].argmax(axis=1)
    for row in np.flatnonzero(steps.any(axis=1) & (last >= _BACKGROUND.start)):
        usual[row] = np.median(ordered[row, last[row] + 1 : last[row] + 1 + _BEHIND])
    return usual[:, None]


def _lower_tail(logs: np.ndarray) -> np.ndarray:
    """Return the lower-tail p-value of every entry under the bulk of the third to sixth column.

    Copies are first neighbours and lie in the lower tail, so centre and deviation are estimated
    from the median and the upper quartile. The tails are Student's with 20 degrees of freedom.
    """
    from scipy import stats

    middle, upper = np.quantile(logs[:, _BACKGROUND], [0.5, 0.75])
    deviation = max((upper - middle) / stats.t.ppf(0.75, _FREEDOM), 1e-3)
    return stats.t.cdf((logs - middle) / deviation, _FREEDOM)


def _describe(
    clips: ClipTable, class_name: str, kind: str, copies: _Copies, class_size: int
) -> Finding:
    share = wilson(len(copies.rows), class_size)
    rows, partners = _with_partners(copies, sets=kind == DUPLICATE)
    splits = sorted({f"{a}/{b}" for a, b in _split_pairs(clips, copies)})
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
        p_value=min(1.0, float(copies.p_values.max()) * class_size),
        strength=1.0,
        relevant=True,
        sentence=f"{len(copies.rows)} {class_name} clips ({share.estimate:.1%} of the class) "
        f"repeat another clip {where}{named}.",
        action=f"Watch the pairs and remove the copies {drop}.",
        partners=partners,
        class_name=class_name,
        found_by=("near copies",),
    )


def _with_partners(copies: _Copies, *, sets: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return every clip of a pair once, in row order, with the clip that it repeats.

    Args:
        copies: of the class.
        sets: whether all copies of one clip get the same partner, so that they stay together.
    """
    partner = dict(zip(copies.partners.tolist(), copies.rows.tolist(), strict=True))
    partner |= dict(zip(copies.rows.tolist(), copies.partners.tolist(), strict=True))
    rows = np.array(sorted(partner), np.int64)
    if sets:
        ends = np.searchsorted(rows, copies.edges[np.isin(copies.edges, rows).all(axis=1)])
        graph = coo_matrix((np.ones(len(ends)), ends.T), (len(rows), len(rows)))
        members = connected_components(graph, directed=False)[1]
        first = rows[np.unique(members, return_index=True)[1]][members]
        partner |= {
            row: hub for row, hub in zip(rows.tolist(), first.tolist(), strict=True) if row != hub
        }
    return rows, np.array([partner[row] for row in rows.tolist()], np.int64)


def _split_pairs(clips: ClipTable, copies: _Copies) -> set[tuple[str, str]]:
    return {
        (min(a, b), max(a, b))
        for a, b in zip(clips.splits[copies.rows], clips.splits[copies.partners], strict=True)
    }
