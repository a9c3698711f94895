"""Whose a run is: by its job and the prefix of the home, or by its assets and checks."""

import dagster as dg
import pytest

from insight_dagster.orchestration.jobs import define_jobs
from insight_dagster.orchestration.stages import FORMER_NAMES, REPORT
from insight_dagster.orchestration.upkeep.home_runs import ASSETS, JOBS, is_ours
from insight_dagster.resources.names import Names

PLAIN, NORTH = Names(), Names(("video", "north"))
ASSET_JOB = "__ASSET_JOB"


@dg.op
def promote() -> None:
    """Do nothing."""


def owners(**attributes):
    """Return which of two homes a run is of."""
    run = dg.DagsterRun(**attributes)
    return [names for names in (PLAIN, NORTH) if is_ours(run, names)]


@pytest.mark.parametrize("job", [REPORT.job, "nightly_reanalysis", "back_up_home", *FORMER_NAMES])
def test_a_run_of_a_job_is_of_the_home_whose_prefix_it_has(job):
    assert owners(job_name=job) == [PLAIN]
    assert owners(job_name=job, tags=NORTH.run_tags) == [NORTH]
    assert owners(job_name=job, tags=Names(("south",)).run_tags) == []


def test_a_run_without_a_job_is_told_by_its_assets_and_checks():
    keys = frozenset({NORTH.key("embeddings")})
    check = dg.AssetCheckKey(NORTH.key("embeddings"), "vectors_finite")
    assert owners(job_name=ASSET_JOB, asset_selection=keys) == [NORTH]
    assert owners(job_name=ASSET_JOB, asset_check_selection=frozenset({check})) == [NORTH]
    assert owners(job_name=ASSET_JOB, asset_selection=frozenset({dg.AssetKey("theirs")})) == []
    assert owners(job_name=ASSET_JOB) == owners(job_name="their_job") == []


def test_a_run_with_assets_of_others_is_not_a_homes_alone():
    mixed = dg.DagsterRun(
        job_name=ASSET_JOB,
        asset_selection=frozenset({PLAIN.key("embeddings"), dg.AssetKey("theirs")}),
    )
    assert is_ours(mixed, PLAIN) and not is_ours(mixed, PLAIN, alone=True)
    plain = dg.DagsterRun(job_name=ASSET_JOB, asset_selection=frozenset({PLAIN.key("embeddings")}))
    assert is_ours(plain, PLAIN, alone=True)


def test_every_job_and_asset_is_known():
    assert {job.name for job in define_jobs(PLAIN, promote).all} == JOBS
    assert {"clip_manifest", "embeddings", "insights", "insight_report", "baseline"} <= set(ASSETS)
