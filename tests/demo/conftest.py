"""A tiny demo library, rendered once per test run."""

from __future__ import annotations

import pytest

from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import LibrarySummary, make_library

TINY = FaultShares(
    selfie_stick=0.0,
    title_card=0.25,
    lookalike=0.0,
    mislabeled=0.0,
    leak=0.125,
    duplicate=0.0,
    corrupt=0.25,
    format=0.0,
)


@pytest.fixture(scope="session")
def tiny_library(tmp_path_factory: pytest.TempPathFactory) -> LibrarySummary:
    """Return a library of eight clips in two classes: two cards, a leak, two damaged files."""
    folder = tmp_path_factory.mktemp("demo") / "library"
    classes = ("disc golfing", "rock climbing")
    return make_library(folder, seed=5, clips_per_class=4, workers=1, classes=classes, faults=TINY)
