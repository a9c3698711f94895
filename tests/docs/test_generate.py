"""The reference on the docs site is complete, and no page has a broken link."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from docs.generate.__main__ import REPOSITORY, write_sources
from docs.generate.api import API, public_names
from docs.generate.checks import check_specs, checks_page
from docs.generate.code_location import code_location_page
from docs.generate.commands import commands, commands_page
from docs.generate.home_folder import home_folder_page, home_paths
from docs.generate.markdown import escaped, table
from docs.generate.pages import BrokenLinkError, copy_pages
from docs.generate.settings import nested_models, settings_page
from docs.generate.tables import tables_page
from insight_dagster.definitions import definitions
from insight_dagster.settings import Settings
from insight_dagster.tables import TABLES


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the site is built from."""
    folder = tmp_path_factory.mktemp("site") / "source"
    write_sources(folder)
    return folder


@pytest.mark.parametrize("model", [Settings, *nested_models(Settings).values()])
def test_every_setting_is_listed_with_its_meaning(model: type[BaseModel]) -> None:
    page = settings_page()
    for name, field in model.model_fields.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        assert field.description
        assert escaped(field.description) in page
        assert row.count(" | ") == 3


def test_the_tables_of_the_settings_file_are_listed() -> None:
    titles = [line[3:] for line in settings_page().splitlines() if line.startswith("## ")]
    assert titles == ["populations.NAME", "contrasts.NAME", "checks"]


def test_settings_name_their_environment_variables() -> None:
    page = settings_page()
    assert "`INSIGHT_MIN_CLUSTER_SIZE`" in page
    assert "`INSIGHT_CHECKS__MAX_LEAKED_CLIPS`" in page


def test_a_setting_is_listed_with_type_bounds_and_default() -> None:
    row = next(line for line in settings_page().splitlines() if "`batch_size`" in line)
    assert "whole number, ≥ `1`, ≤ `512` | `8` | clips per forward pass" in row


def test_every_table_and_column_is_listed() -> None:
    sections = tables_page().split("\n## ")[1:]
    assert [each.splitlines()[0] for each in sections] == [each.name for each in TABLES]
    for section, described in zip(sections, TABLES, strict=True):
        for column in described.columns:
            assert f"| `{column.name}` | `{column.sql_type}` |" in section


def test_what_a_home_folder_holds_is_listed() -> None:
    page = home_folder_page()
    assert "| `insight.duckdb` |" in page
    assert all(f"| `{path}` |" in page and meaning for path, meaning in home_paths())


def test_every_asset_job_and_sensor_is_listed_with_a_description() -> None:
    page, repository = code_location_page(), definitions().get_repository_def()
    names = {
        *(key.to_user_string() for key in definitions().resolve_asset_graph().get_all_asset_keys()),
        *(name for name in repository.job_names if not name.startswith("__")),
        *(each.name for each in [*repository.schedule_defs, *repository.sensor_defs]),
    }
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == names - {"default_automation_condition_sensor"}
    assert not [row for row in rows if row.endswith("|  |")]


def test_every_check_of_the_code_location_is_listed() -> None:
    graph = definitions().resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys}
    assert {spec.name for spec in check_specs()} == names
    page = checks_page()
    assert all(f"| `{name}` |" in page for name in names)
    assert all(spec.description for spec in check_specs())


def test_every_command_and_option_is_listed() -> None:
    page = commands_page()
    names = [name for name, _ in commands()]
    assert {"insight demo", "insight baseline promote", "insight classes remove"} <= set(names)
    for name, command in commands():
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            is_option = parameter.param_type_name == "option"
            shown = parameter.opts[0] if is_option else parameter.metavar or parameter.name
            assert f"| `{shown}" in section, (name, shown)


@pytest.mark.parametrize("module", [each for modules in API.values() for each in modules])
def test_every_module_of_the_api_has_public_names(module: str) -> None:
    assert public_names(f"insight_dagster.{module}")


def test_every_page_is_in_the_navigation(sources: Path) -> None:
    config = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = {page.relative_to(sources).as_posix() for page in sources.rglob("*.md")}
    assert set(_pages_of(config["nav"])) == pages


def _pages_of(entry: object) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    below = entry.values() if isinstance(entry, dict) else entry
    assert isinstance(entry, dict | list)
    return [page for each in below for page in _pages_of(each)]


def test_the_architecture_lists_every_room_in_the_order_of_the_import_contract() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = [room.strip() for layer in contract for room in layer.split("|")]
    page = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table_of_rooms = page.split("## Rooms")[1].split("## ")[0]
    firsts = [
        line.split(" | ")[0] for line in table_of_rooms.splitlines() if line.startswith("| `")
    ]
    named = [name for first in firsts for name in re.findall(r"`([a-z_]+)(?:/|\.py)`", first)]
    assert named == rooms


def test_links_lead_to_the_page_on_the_site(tmp_path: Path) -> None:
    docs = tmp_path / "docs" / "how-to"
    docs.mkdir(parents=True)
    (tmp_path / "CHANGELOG.md").write_text("[serve](docs/how-to/serve.md#ports)")
    (tmp_path / "Makefile").touch()
    text = "[news](../../CHANGELOG.md) [make](../../Makefile) [all](../reference/settings.md)"
    (docs / "serve.md").write_text(text + " [web](https://example.org/a.md)\n\n## Ports\n")
    copy_pages(tmp_path, tmp_path / "site", frozenset({"reference/settings.md"}))
    assert (tmp_path / "site/changelog.md").read_text() == "[serve](how-to/serve.md#ports)"
    assert (tmp_path / "site/how-to/serve.md").read_text() == (
        "[news](../changelog.md) make [all](../reference/settings.md) [web](https://example.org/a.md)"
        "\n\n## Ports\n"
    )


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](gone.md)")
    with pytest.raises(BrokenLinkError, match=r"docs/index.md links to gone.md"):
        copy_pages(tmp_path, tmp_path / "site", frozenset())


def test_a_link_to_a_heading_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "words.md").write_text("# Words\n\n## Of `one` home\n")
    page = tmp_path / "docs" / "index.md"
    page.write_text("[home](words.md#of-one-home)")
    copy_pages(tmp_path, tmp_path / "site", frozenset())
    page.write_text("[home](words.md#home)")
    with pytest.raises(BrokenLinkError, match=r"words.md#home: no such heading"):
        copy_pages(tmp_path, tmp_path / "site", frozenset())


def test_cells_keep_the_table_whole() -> None:
    assert table(["a"], [["x | y\nz"]]) == "| a |\n| --- |\n| x \\| y z |\n"
    assert escaped("<home>/[a]_b") == "&lt;home&gt;/\\[a\\]\\_b"
