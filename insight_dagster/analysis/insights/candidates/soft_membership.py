"""Soft membership of clips in groups with a hard border.

Turning members into scores over all clips belongs here; finding groups does not.
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
    """(n,) float32 posterior of every clip, per group: members seed a component of a mixture.

    The other clips start in eight cells. Place, class and outcome count.

    Args:
        evidence: of n clips.
        points: (n, d) coordinates in which the groups were found, in place of the evidence's.
        groups: positions of the members of each.
        rng: of the cells and, of a large set, the clips that the model is fitted on.
    """
    if not groups:
        return []
    evidence = replace(evidence, points=points)
    cells = rough_cells(points, int(np.clip(len(points) // 20, 1, _BACKGROUND)), rng)
    return [_soft(evidence, cells, members, rng) for members in groups]


def _soft(
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
