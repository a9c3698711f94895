"""Encoded test videos, written once per test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.video_corpus import CORPUS, write_video


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("corpus")
    return {recipe.name: write_video(folder, recipe) for recipe in CORPUS}
