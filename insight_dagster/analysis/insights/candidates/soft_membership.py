"""Soft membership of all clips in groups whose members are known.

Turning members into scores over all clips belongs here; finding groups does not (`groups`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from insight_dagster.analysis.insights.candidates.groups import rough_cells
from insight_dagster.analysis.insights.candidates.mixture import Evidence, fit_mixture

_BACKGROUND = 8
_ROUNDS = 8
_MOST_CLIPS = 8_000


def soft_members(
    evidence: Evidence,
    points: np.ndarray,
    groups: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Return every clip's posterior of belonging to each group: (n,) float32 per group.

    The members seed one component of a mixture of place, class and outcome; the other clips start
    in up to eight cells.

    Args:
        evidence: of n clips.
        points: (n, d) coordinates in which the groups were found, used in place of the evidence's.
        groups: positions of the members of each group.
        rng: source of the cells and, for a large set, of the sample that the model is fitted on.
    """
    if not groups:
        return []
    evidence = replace(evidence, points=points)
    cells = rough_cells(points, int(np.clip(len(points) // 20, 1, _BACKGROUND)), rng)
    return [_posterior(evidence, cells, members, rng) for members in groups]


def _posterior(
    evidence: Evidence, cells: np.ndarray, members: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    start = np.eye(int(cells.max()) + 2)[cells + 1]
    start[members] = 0.0
    start[members, 0] = 1.0
    rows = np.arange(len(cells))
    if len(rows) > _MOST_CLIPS:
        rows = np.unique(np.concatenate([members, rng.permutation(rows)[:_MOST_CLIPS]]))
    used = start[rows].any(axis=0)
    mixture, _ = fit_mixture(evidence.take(rows), start[rows][:, used], rounds=_ROUNDS)
    return mixture.responsibilities(evidence)[:, 0].astype(np.float32)
