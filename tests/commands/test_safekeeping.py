"""What `insight backup` and `insight restore` print."""

import io

import duckdb
import pytest

from insight_dagster.commands.console import Console
from insight_dagster.commands.run.safekeeping import restore_home
from insight_dagster.database import Database
from insight_dagster.settings import Settings
from insight_dagster.tables import SCHEMA_VERSION
from tests.support.small_database import fill_history


@pytest.fixture
def settings(tmp_path):
    found = Settings(home=tmp_path)
    fill_history(Database(found.folders.database))
    return found


def restored(settings, source=None):
    output = io.StringIO()
    restore_home(settings, source, run=False, console=Console(file=output, width=200))
    return output.getvalue()


def test_the_schema_of_an_older_source_is_said(settings):
    with duckdb.connect(settings.folders.database) as connection:
        connection.execute("UPDATE schema_version SET version = 5")
    printed = restored(settings)
    assert f"It has schema version 5, this release {SCHEMA_VERSION}" in printed
    aside = settings.home / f"{settings.folders.database.name}.set-aside-1"
    assert f"The former database is {aside}" in printed


def test_nothing_is_said_of_the_schema_where_it_is_the_same(settings, tmp_path):
    settings.folders.database.rename(tmp_path / "mine.duckdb")
    assert "schema version" not in restored(settings, tmp_path / "mine.duckdb")
