"""A home whose Dagster instance is damaged, or whose database is lost."""

from __future__ import annotations

import dagster as dg
import pytest

from insight_dagster.commands.home import open_instance
from insight_dagster.commands.run import doctor
from insight_dagster.database import Database
from insight_dagster.errors import DagsterInstanceError, DamagedDatabaseError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import load_settings
from insight_dagster.tables import BASELINES


def zero_the_header(content: bytearray) -> None:
    content[:100] = bytes(100)


def zero_pages_in_the_middle(content: bytearray) -> None:
    third = len(content) // 12288 * 4096
    content[third : 2 * third] = bytes(third)


def cut_in_half(content: bytearray) -> None:
    del content[len(content) // 2 :]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("history/runs.db", zero_the_header),
        ("history/runs.db", cut_in_half),
        ("history/runs/index.db", zero_pages_in_the_middle),
        ("schedules/schedules.db", zero_the_header),
    ],
)
def test_a_damaged_file_is_one_line_that_says_what_to_do(tmp_path, name, damage):
    settings = load_settings(home=tmp_path / "home")
    folder = settings.folders.dagster

    def use() -> None:
        with open_instance(settings) as instance:
            instance.add_dynamic_partitions("action_class", ["a"])
            instance.get_run_records(limit=1)
            list(instance.get_ticks("o", "s"))
            instance.report_runless_asset_event(dg.AssetMaterialization("a", partition="a"))

    use()
    for log in folder.rglob("*.db-*"):
        log.unlink()
    content = bytearray((folder / name).read_bytes())
    damage(content)
    (folder / name).write_bytes(content)
    with pytest.raises(DagsterInstanceError, match="move that folder away") as caught:
        use()
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)
    folder.rename(tmp_path / "aside")
    use()


def test_a_lost_database_is_no_new_home(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    check = dict(doctor._checks())["database"]
    assert check(settings).endswith("does not exist yet")
    Database(settings.folders.database).rows(BASELINES)
    settings.folders.database.unlink()
    for use in (check, open_database):
        with pytest.raises(DamagedDatabaseError, match="is lost.*`insight restore`"):
            use(settings)
