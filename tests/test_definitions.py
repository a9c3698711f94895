"""The code location: loadable, complete, documented."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster import QueuedRunCoordinator

from insight_dagster.commands.home import open_instance
from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration.automation_conditions import conditions
from insight_dagster.orchestration.jobs import FORMER_NAMES
from insight_dagster.orchestration.nightly_job import SINGLE_NIGHT_TAG
from insight_dagster.orchestration.run_launcher import WatchedRunLauncher
from insight_dagster.orchestration.stages import COMPARE, PROMOTE, STAGES
from insight_dagster.settings import Settings, load_settings
from insight_dagster.settings.analysis_options import AnalysisOptions
from insight_dagster.settings.model_spec import ModelSpec

ROOT = Path(__file__).parents[1]


def test_definitions_validate_from_the_workspace_file(tmp_path):
    environment = os.environ | {"INSIGHT_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_asset_says_what_it_is(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert set(specs) == {
        "clip_manifest",
        "embeddings",
        "metadata_table",
        "latent_space",
        "projection",
        "clusters",
        "insights",
        "heatmap_bundles",
        "insight_report",
        "performance",
        "verdict",
        "baseline",
    }
    for name, spec in specs.items():
        assert spec.description and spec.group_name and spec.owners and spec.kinds, name


def test_keys_partitions_groups_and_owners_follow_the_settings(tmp_path):
    (tmp_path / "insight.toml").write_text(
        "key_prefix = 'video/north'\ngroup = 'north'\nowners = ['a@example.org']\n"
    )
    definitions = build_definitions(load_settings(home=tmp_path))
    dg.Definitions.validate_loadable(definitions)
    for spec in definitions.resolve_all_asset_specs():
        assert spec.key.path[:-1] == ["video", "north"]
        assert (spec.group_name, list(spec.owners)) == ("north", ["a@example.org"])
        assert all(dep.asset_key.path[:-1] == ["video", "north"] for dep in spec.deps)
        classes = spec.partitions_def
        assert classes is None or classes.name == "video.north.action_class"
    specs = [spec for checks in definitions.asset_checks for spec in checks.check_specs]
    assert {tuple(spec.asset_key.path[:-1]) for spec in specs} == {("video", "north")}
    names = {spec.partitions_def.name for spec in specs if spec.partitions_def}
    assert names == {"video.north.action_class"}
    job = definitions.resolve_job_def("analyse_classes")
    assert job.partitions_def.name == "video.north.action_class"
    assert dg.AssetKey(["video", "north", "verdict"]) in job.asset_layer.selected_asset_keys


def test_two_sets_of_definitions_in_one_process_keep_apart(tmp_path):
    north = build_definitions(load_settings(home=tmp_path / "1", key_prefix="north"))
    plain = build_definitions(load_settings(home=tmp_path / "2"))
    found = [{spec.key for spec in each.resolve_all_asset_specs()} for each in (north, plain)]
    assert len(found[0]) == len(found[1]) == 12 and not found[0] & found[1]
    with_resources = [each.resources["insight_database"].path for each in (north, plain)]
    assert with_resources == [str(tmp_path / number / "insight.duckdb") for number in "12"]


def test_homes_with_alike_prefixes_share_neither_classes_nor_turns(tmp_path):
    found = [
        build_definitions(load_settings(home=tmp_path, key_prefix=prefix))
        for prefix in ("a/b", "a_b")
    ]
    sets = {each.resources["insight_names"].partition_set for each in found}
    nights = {each.resolve_job_def("nightly_reanalysis").tags[SINGLE_NIGHT_TAG] for each in found}
    assert len(sets) == len(nights) == 2


def test_only_the_shared_steps_are_not_partitioned(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    shared = {
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if spec.partitions_def is None
    }
    assert shared == {"latent_space", "insight_report", "baseline"}


def test_settings_reach_the_resources(tmp_path):
    settings = load_settings(home=tmp_path, fdr=0.2, device="cpu")
    resources = build_definitions(settings).resources
    assert resources["insight_options"].fdr == 0.2
    assert resources["insight_model"].device == "cpu"
    assert resources["insight_database"].path == str(tmp_path / "insight.duckdb")
    fields = set(type(resources["insight_options"]).model_fields)
    assert fields <= set(Settings.model_fields)


def test_a_resource_gives_back_its_whole_section_of_the_settings(tmp_path):
    (tmp_path / "insight.toml").write_text(
        "taps = ['blocks.3']\nmetadata_file = 'facts.csv'\n[populations.dark]\nsql = 'a < 1'\n"
    )
    settings = load_settings(home=tmp_path, variant="xs", labels="labels.txt", seed=3)
    resources = build_definitions(settings).resources
    assert resources["insight_options"].load() == settings.analysis_options
    assert resources["insight_model"].spec == settings.model_spec
    assert set(type(resources["insight_options"]).model_fields) == set(AnalysisOptions.model_fields)
    assert set(type(resources["insight_model"]).model_fields) == set(ModelSpec.model_fields)


def test_a_class_is_a_dynamic_partition(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    job = definitions.resolve_job_def("analyse_classes")
    assert isinstance(job.partitions_def, dg.DynamicPartitionsDefinition)
    assert job.partitions_def.name == "action_class"


def executable(definitions):
    return [asset for asset in definitions.assets if isinstance(asset, dg.AssetsDefinition)]


def test_all_assets_can_be_materialized_together_without_a_configuration(tmp_path):
    """A baseline is promoted by somebody, for a reason: it is in nobody else's way."""
    definitions = build_definitions(load_settings(home=tmp_path))
    keys = {key.to_user_string() for asset in executable(definitions) for key in asset.keys}
    assert "baseline" not in keys
    assert len(keys) == 11


def test_steps_that_run_the_model_share_a_pool(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    pools = {asset.op.name: asset.op.pool for asset in executable(definitions)}
    pools = {name: pool for name, pool in pools.items() if pool}
    assert pools == {"measurements": "gpu", "heatmap_bundles": "gpu"}


def test_the_instance_settings_of_a_new_home_do_what_they_say(tmp_path):
    settings = load_settings(home=tmp_path)
    with open_instance(settings) as instance:
        assert isinstance(instance.run_launcher, WatchedRunLauncher)
        assert instance.run_monitoring_enabled and instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        assert instance.run_coordinator.dequeue_interval_seconds == 1


def test_backfills_are_divided_by_stage(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    sizes = {
        key.to_user_string(): asset.backfill_policy.max_partitions_per_run
        for asset in executable(definitions)
        if asset.backfill_policy
        for key in asset.keys
    }
    measured = {name: sizes[name] for name in ("clip_manifest", "embeddings", "metadata_table")}
    assert set(measured.values()) == {25}
    assert {sizes[name] for name in ("insights", "heatmap_bundles", "verdict")} == {1}
    assert len(sizes) == 9


def test_the_report_has_a_freshness_policy(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path, fresh_hours=5))
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    policy = specs["insight_report"].freshness_policy
    assert policy.fail_window.to_timedelta().total_seconds() == 5 * 3600


def test_every_asset_that_orchestration_names_exists(tmp_path):
    """Stages, conditions and sensors name assets by string, so that they import none."""
    settings = load_settings(home=tmp_path)
    definitions = build_definitions(settings)
    known = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}
    stages = {name for stage in (*STAGES, COMPARE, PROMOTE) for name in stage.asset_names}
    assert stages == known
    assert set(conditions(settings)) <= known
    watched = [each for each in definitions.sensors if isinstance(each, dg.AssetSensorDefinition)]
    assert {each.asset_key.to_user_string() for each in watched} == {"baseline"}


@pytest.mark.parametrize("former", FORMER_NAMES)
def test_a_job_can_be_launched_by_its_former_name(tmp_path, former):
    definitions = build_definitions(load_settings(home=tmp_path))
    job = definitions.resolve_job_def(former)
    renamed = definitions.resolve_job_def(FORMER_NAMES[former].job)
    assert job.asset_layer.selected_asset_keys == renamed.asset_layer.selected_asset_keys
    assert renamed.name in job.description and "removed in" in job.description


def test_a_home_made_by_an_earlier_release_opens(tmp_path):
    """Its dagster.yaml names the run launcher's former module and the tag of nightly runs."""
    settings = load_settings(home=tmp_path)
    with open_instance(settings):
        pass
    file = settings.folders.dagster / "dagster.yaml"
    text = file.read_text()
    earlier = text.replace(
        "insight_dagster.orchestration.run_launcher", "insight_dagster.run_launcher"
    )
    assert earlier != text
    file.write_text(earlier)
    with open_instance(settings) as instance:
        assert isinstance(instance.run_launcher, WatchedRunLauncher)
        limits = instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    night = build_definitions(settings).resolve_job_def("nightly_reanalysis")
    assert {limit["key"] for limit in limits} & set(night.tags) == {"insight/conductor"}
