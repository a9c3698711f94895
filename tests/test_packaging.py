"""The wheel, beside a project that has `assets` and `resources` packages of its own."""

import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NEIGHBOUR = {
    "assets/__init__.py": """
        import dagster as dg

        @dg.asset(deps=[dg.AssetDep("insights", partition_mapping=dg.AllPartitionMapping())])
        def weekly_digest(database: dg.ResourceParam[str]) -> str:
            return f"written with {database}"
        """,
    "resources/__init__.py": """
        DATABASE = "their own database"
        """,
    "their_definitions.py": """
        import assets
        import resources
        import dagster as dg

        from insight_dagster.definitions import build_definitions
        from insight_dagster.settings import load_settings

        keys = ("database", "clip_library", "classifier", "options", "progress")
        defs = dg.Definitions.merge(
            dg.Definitions(
                assets=[assets.weekly_digest],
                resources={
                    key: dg.ResourceDefinition.hardcoded_resource(resources.DATABASE)
                    for key in keys
                },
                executor=dg.in_process_executor,
            ),
            build_definitions(load_settings(), executor=None),
        )
        """,
    "materialize_theirs.py": """
        import dagster as dg
        import insight_dagster
        from their_definitions import defs

        key = dg.AssetKey("weekly_digest")
        parents = defs.resolve_asset_graph().get(key).parent_keys
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(asset_selection=[key])
        print(insight_dagster.__file__)
        print(*(parent.to_user_string() for parent in parents))
        print(result.output_for_node("weekly_digest"))
        """,
    "workspace.yaml": """
        load_from:
          - python_module: {module_name: their_definitions, location_name: theirs}
          - python_module: {module_name: insight_dagster.definitions, location_name: insight}
        """,
}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Folder of an sdist, and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(distributions, tmp_path_factory):
    """The wheel's files, as pip lays them out."""
    folder = tmp_path_factory.mktemp("site-packages")
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202 - our own wheel
    return folder


@pytest.fixture
def neighbour(tmp_path):
    for name, text in NEIGHBOUR.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return tmp_path


def run(command, *, cwd, installed):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(cwd), str(installed))),
        "INSIGHT_HOME": str(cwd / "home"),
        "DAGSTER_HOME": str(cwd),
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1000, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_claims_one_name_and_has_every_file(installed):
    claimed = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert claimed == {"insight_dagster"}
    tracked = subprocess.run(
        ["git", "ls-files", "insight_dagster", "assets", "resources"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    inside = {
        name if name.startswith("insight_dagster/") else f"insight_dagster/{name}"
        for name in tracked
        if not (ROOT / name).is_symlink()
    }
    assert {name for name in inside if not (installed / name).is_file()} == set()


def test_the_sdist_can_be_built_without_links(distributions):
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym() or member.islnk()]
        names = {member.name.partition("/")[2] for member in archive}
    assert {"insight_dagster/assets/insights.py", "insight_dagster/resources/model.py"} <= names


def test_the_code_location_loads_beside_another_that_has_the_same_folder_names(
    neighbour, installed
):
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    shown = run(command, cwd=neighbour, installed=installed)
    for location in ("theirs", "insight"):
        assert f"Validation successful for code location {location}." in shown


def test_an_asset_of_theirs_depends_on_insights_in_merged_definitions(neighbour, installed):
    out = run([sys.executable, "materialize_theirs.py"], cwd=neighbour, installed=installed)
    module, parents, output = out.splitlines()[-3:]
    assert Path(module).is_relative_to(installed)
    assert parents == "insights"
    assert output == "written with their own database"
