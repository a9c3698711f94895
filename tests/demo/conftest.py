"""Tiny demo libraries, rendered once per test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from insight_dagster.demo.library import LibrarySummary, make_library
from insight_dagster.demo.plan import FaultShares

TINY = FaultShares(
    selfie_stick=0.0, title_card=0.25, lookalike=0.0, mislabeled=0.0,
    leak=0.25, duplicate=0.0, corrupt=0.25, format=0.0,
)
TINY_CLASSES = ("disc golfing", "rock climbing")


@pytest.fixture(scope="session")
def tiny_library(tmp_path_factory: pytest.TempPathFactory) -> LibrarySummary:
    """Eight clips of two classes: two cards, two leaked pairs, two broken files."""
    folder = tmp_path_factory.mktemp("demo") / "library"
    return make_library(
        folder, seed=5, clips_per_class=4, workers=1, classes=TINY_CLASSES, faults=TINY
    )


def decoded(path: Path) -> list:
    """All frames of a video as RGB arrays, by PyAV."""
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
