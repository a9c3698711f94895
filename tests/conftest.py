"""Shared fixtures: a small demo library, and a home in which everything was materialized once."""

import shutil

import pytest

from insight_dagster.commands.console import Console
from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.settings import Settings, load_settings

CLIPS_PER_CLASS = 8


SLOW_SECONDS = 1800
"""Limit of a slow test that states none: a machine may be loaded, only a hang takes longer."""


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


def pytest_addoption(parser):
    """Where the pictures of the report go, and of which report they are."""
    parser.addoption("--screenshots", help="folder to keep the pictures of the report in")
    parser.addoption("--site", help="report folder to take them of, instead of a made-up one")


@pytest.fixture(scope="session", autouse=True)
def no_outer_home():
    """Settings of whoever runs the tests must not reach them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*Settings.model_fields, "dagster_home"):
            patch.delenv(f"INSIGHT_{name.upper()}", raising=False)
        patch.delenv("DAGSTER_HOME", raising=False)
        yield


@pytest.fixture(scope="session")
def quiet():
    return Console(quiet=True)


@pytest.fixture(scope="session")
def small_library(tmp_path_factory):
    """Rendered clips of five classes, one of them broken."""
    folder = tmp_path_factory.mktemp("small") / "library"
    make_library(folder, seed=3, clips_per_class=CLIPS_PER_CLASS)
    return folder


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory, small_library, quiet):
    """Settings of a home with every asset materialized; tests must not change it."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(small_library, home / "library")
    settings = load_settings(home=home, heatmaps_per_insight=2, min_cluster_size=4)
    outcome = run_pipeline(settings, console=quiet)
    assert outcome.succeeded, outcome.failures
    return settings


@pytest.fixture
def home_copy(finished_home, tmp_path):
    """A copy of the finished home that a test may change."""
    shutil.copytree(finished_home.home, tmp_path / "home")
    return finished_home.model_copy(update={"home": tmp_path / "home"})
