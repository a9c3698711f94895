"""A small home with a database and a backup, for tests that damage it."""

import shutil

import pytest

from insight_dagster.database import Database
from insight_dagster.database.backups.backup_folder import back_up
from insight_dagster.files.home_folders import HomeFolders
from tests.support.small_database import fill


@pytest.fixture(scope="session")
def intact(tmp_path_factory):
    """Folders of a home with a database and a backup; tests copy it."""
    folders = HomeFolders(tmp_path_factory.mktemp("intact"))
    database = Database(folders.database)
    fill(database)
    back_up(database, folders, keep=7)
    return folders


@pytest.fixture
def home(intact, tmp_path):
    shutil.copytree(intact.root, tmp_path / "home")
    return HomeFolders(tmp_path / "home")
