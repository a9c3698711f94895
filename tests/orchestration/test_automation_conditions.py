"""Automation conditions over several ticks: what asks for what, and when."""

from datetime import datetime, timedelta
from functools import cache

import dagster as dg
import pytest

from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration.automation_conditions import conditions
from insight_dagster.settings import load_settings

CLASSES = ("a", "b")
NOON = datetime(2026, 1, 1, 12)
OF_A_CLASS = ("embeddings", "metadata_table")


class Daemon:
    """Evaluates the conditions tick after tick; runs are materializations that we report."""

    def __init__(self, definitions, instance):
        self.definitions, self.instance, self.cursor, self.now = definitions, instance, None, NOON

    def tick(self, **later: float) -> set[tuple[str, str | None]]:
        self.now += timedelta(**(later or {"minutes": 1}))
        found = dg.evaluate_automation_conditions(
            defs=self.definitions,
            instance=self.instance,
            cursor=self.cursor,
            evaluation_time=self.now,
        )
        self.cursor = found.cursor
        return {
            (result.key.to_user_string(), partition)
            for result in found.results
            if result.true_subset.size
            for partition in self._partitions(result.true_subset)
        }

    @staticmethod
    def _partitions(subset):
        if subset.is_partitioned:
            return sorted(subset.expensively_compute_partition_keys())
        return [None]

    def materialize(self, *pairs: tuple[str, str | None]) -> None:
        for name, partition in pairs:
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(name, partition=partition)
            )


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    definitions = build_definitions(load_settings(home=tmp_path, automation="conditions"))
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("action_class", list(CLASSES))
        # A tick asks for the partitions 1,600 times; the answer is the same until a class is added.
        known = cache(instance.get_dynamic_partitions)
        monkeypatch.setattr(instance, "get_dynamic_partitions", known)
        yield Daemon(definitions, instance)


def each(*names: str, of=CLASSES) -> set[tuple[str, str]]:
    return {(name, partition) for name in names for partition in of}


def test_conditions_are_there_when_the_setting_asks_for_them_alone(tmp_path):
    for automation, expected in (("schedule", set()), ("conditions", None)):
        definitions = build_definitions(load_settings(home=tmp_path, automation=automation))
        have = {
            spec.key.to_user_string()
            for spec in definitions.resolve_all_asset_specs()
            if spec.automation_condition is not None
        }
        known = set(conditions(load_settings(home=tmp_path)))
        assert have == (known if expected is None else expected)
        assert "baseline" not in known, "a baseline is promoted by somebody"


def test_new_classes_go_all_the_way(daemon):
    # What one run can do in order is asked for together; nothing else has anything to work on.
    assert daemon.tick() == each("clip_manifest", *OF_A_CLASS, "performance")
    daemon.materialize(*each("clip_manifest"))
    daemon.materialize(*each(*OF_A_CLASS))
    daemon.materialize(*each("performance"))
    assert daemon.tick() == {("latent_space", None)}
    daemon.materialize(("latent_space", None))
    assert daemon.tick() == each("projection", "clusters")
    daemon.materialize(*each("projection", "clusters"))
    explained = ("insights", "heatmap_bundles", "verdict")
    assert daemon.tick() == {("insight_report", None), *each(*explained)}
    daemon.materialize(("insight_report", None))
    daemon.tick()
    for name in explained:
        daemon.materialize(*each(name))
    assert daemon.tick() == {("insight_report", None)}, "what it shows came after it was written"
    daemon.materialize(("insight_report", None))
    assert daemon.tick() == set()


def everything(daemon):
    daemon.materialize(*each("clip_manifest"))
    daemon.materialize(*each(*OF_A_CLASS))
    daemon.materialize(("latent_space", None), *each("performance"))
    for name in ("projection", "clusters", "insights", "heatmap_bundles", "verdict"):
        daemon.materialize(*each(name))
    daemon.materialize(("insight_report", None))
    for _ in range(3):
        daemon.tick()


def test_a_later_class_refits_nothing(daemon):
    everything(daemon)
    daemon.instance.add_dynamic_partitions("action_class", ["c"])
    daemon.instance.get_dynamic_partitions.cache_clear()
    asked = set()
    for names in (["clip_manifest"], OF_A_CLASS, ["performance", "projection", "clusters"]):
        asked |= daemon.tick()
        daemon.materialize(*each(*names, of="c"))
    asked |= daemon.tick()
    assert asked >= each("clip_manifest", *OF_A_CLASS, "projection", "insights", of="c")
    assert ("latent_space", None) not in asked
    assert not asked & each("clip_manifest", *OF_A_CLASS, "projection", "clusters")


def test_at_night_every_class_is_listed_again_and_the_space_refitted(daemon):
    everything(daemon)
    asked = daemon.tick(hours=14)
    assert asked >= each("clip_manifest", *OF_A_CLASS)
    daemon.materialize(*each("clip_manifest"))
    daemon.materialize(*each(*OF_A_CLASS))
    asked |= daemon.tick()
    assert asked >= {("latent_space", None), *each("performance")}


def fail(daemon, job, *names, partition=None):
    """A real run of some assets, that fails: there is neither a library nor a model here."""
    result = daemon.definitions.resolve_job_def(job).execute_in_process(
        instance=daemon.instance,
        partition_key=partition,
        asset_selection=[dg.AssetKey(name) for name in names],
        raise_on_error=False,
    )
    assert not result.success


def test_a_night_that_failed_is_no_reason_not_to_try_the_next(daemon):
    everything(daemon)
    wanted = {("clip_manifest", "a"), ("latent_space", None)}
    for _ in range(2):
        assert daemon.tick(hours=24) >= wanted
        fail(daemon, "extract_features", "clip_manifest", partition="a")
        fail(daemon, "refit_latent_space", "latent_space")
        assert not daemon.tick() & wanted, "once a night"
    assert daemon.tick(hours=24) >= wanted
