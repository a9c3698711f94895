"""What an analysis tidies when it has ended: old runs of Dagster, files that nothing refers to.

Which files those are is in `insight_dagster.pipeline.home`. Dagster deletes only ticks by itself
(`retention` in `dagster.yaml`); without this, its logs grow by megabytes every night.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from insight_dagster.database import Database
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.orchestration.dagster_internals import delete_run
from insight_dagster.orchestration.stages import REPORT
from insight_dagster.orchestration.upkeep.home_runs import ASSETS, is_ours
from insight_dagster.pipeline.home import delete_leftovers
from insight_dagster.resources.names import Names

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500
_MOST = 10  # homes that may share an instance without losing count of the analyses


def tidy(
    instance: dg.DagsterInstance,
    store: Database,
    folders: HomeFolders,
    names: Names,
    *,
    keep_analyses: int,
) -> str:
    """Delete old runs and unused files of a home, and return what was deleted as a sentence."""
    runs = delete_old_runs(instance, names, keep_analyses=keep_analyses)
    files = delete_leftovers(store, folders)
    return f"deleted {files} files that no table refers to, and {runs} old runs"


def delete_old_runs(instance: dg.DagsterInstance, names: Names, *, keep_analyses: int) -> int:
    """Delete the runs of a home, with their logs, that are older than its last analyses.

    All runs of those analyses are kept, so that the last one can still be read when it has ended.
    Runs that made the newest materialization of an asset or of one of its partitions are kept: the
    UI and the automation conditions need them.

    Args:
        instance: of the home, which it may share with others.
        names: of the home in the instance.
        keep_analyses: number of analyses whose runs are kept; the report ends an analysis.

    Returns:
        The number of runs that were deleted.
    """
    last = dg.RunsFilter(job_name=REPORT.job, tags=names.run_tags)
    before = keep_analyses + 1  # the report of the analysis before those that are kept
    reports = [run for run in instance.get_runs(last, limit=_MOST * before) if names.owns(run)]
    if len(reports) < before:
        return 0
    # By the order of the runs in the storage, not by the clock.
    older = instance.get_runs(dg.RunsFilter(statuses=_ENDED), cursor=reports[before - 1].run_id)
    ours = [run.run_id for run in older if is_ours(run, names, alone=True)]
    needed = set(_runs_of_newest(instance, names.keys(ASSETS))) if ours else set()
    gone = [run_id for run_id in ours if run_id not in needed]
    for run_id in gone:
        delete_run(instance, run_id)
    return len(gone)


def _runs_of_newest(instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey]) -> Iterator[str]:
    """Yield the runs of the newest materialization of every asset and partition."""
    for key in assets:
        newest = instance.get_latest_materialization_event(key)
        if newest is not None:
            yield newest.run_id
        ids = list(
            instance.get_latest_storage_id_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION
            ).values()
        )
        for at in range(0, len(ids), _PAGE):
            wanted = dg.AssetRecordsFilter(key, storage_ids=ids[at : at + _PAGE])
            for record in instance.fetch_materializations(wanted, limit=_PAGE).records:
                yield record.run_id
