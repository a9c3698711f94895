"""The jobs, by what people want done; those of the stages are made from `stages`."""

import dagster as dg

from insight_dagster.assets.baseline import promote
from insight_dagster.orchestration.stages import COMPARE, PROMOTE, STAGES
from insight_dagster.resources.partitions import ACTION_CLASSES

STAGE_JOBS = {stage.job: stage.define_job() for stage in STAGES}

analyse_classes = dg.define_asset_job(
    "analyse_classes",
    selection=[name for stage in STAGES if stage.per_class for name in stage.asset_names],
    partitions_def=ACTION_CLASSES,
    description="All of it for new or changed classes, into the present latent space: nothing is "
    "refitted. The other classes' insights take notice at the next nightly_reanalysis.",
)
hold_against_baseline = COMPARE.define_job()


@dg.job(name=PROMOTE.job, executor_def=dg.in_process_executor, description=PROMOTE.description)
def promote_baseline() -> None:
    """One promotion."""
    promote()
