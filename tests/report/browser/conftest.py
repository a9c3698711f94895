"""Fixtures: the clips of the standard library, and those that lie alone on the map."""

from __future__ import annotations

import numpy as np
import pytest

from insight_dagster.report.pages.clip_columns import joined_clips


@pytest.fixture(scope="module")
def clips(standard_data):
    return joined_clips(standard_data)


@pytest.fixture(scope="module")
def alone(clips):
    """Clips by how far their nearest neighbour is, in both layouts, the loneliest first."""
    away = []
    for axes in (("x", "y"), ("pca_x", "pca_y")):
        places = clips[list(axes)].to_numpy(float)
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
        np.fill_diagonal(gaps, np.inf)
        away.append(gaps.min(1) / np.ptp(places))
    return clips.iloc[np.argsort(-np.minimum(*away))]
