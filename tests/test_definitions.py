"""The code location: loadable, complete, documented."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from insight_dagster.definitions import build_definitions
from insight_dagster.settings import Settings, load_settings

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
    assert resources["options"].fdr == 0.2
    assert resources["classifier"].device == "cpu"
    assert resources["database"].path == str(tmp_path / "insight.duckdb")
    fields = set(type(resources["options"]).model_fields)
    assert fields <= set(Settings.model_fields)


def test_a_class_is_a_dynamic_partition(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path))
    job = definitions.resolve_job_def("analyse_classes")
    assert isinstance(job.partitions_def, dg.DynamicPartitionsDefinition)
    assert job.partitions_def.name == "action_class"
