"""Fixtures: the database that was exported."""

import pytest

from insight_dagster.database import Database


@pytest.fixture(scope="session")
def store(finished_home):
    return Database(finished_home.folders.database)
