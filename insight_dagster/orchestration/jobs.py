"""The jobs: one for every stage, one for a new class, one for a promotion, and their former names.

What a stage's job materializes does not belong here (`stages`), nor does the nightly job
(`nightly_job`).
"""

import dagster as dg

from insight_dagster.orchestration.stages import (
    COMPARE,
    EVALUATE,
    EXTRACT,
    PROMOTE,
    STAGES,
    Stage,
)
from insight_dagster.resources.partitions import ACTION_CLASSES

STAGE_JOBS = {stage.job: stage.define_job() for stage in STAGES}

compare_with_baseline = COMPARE.define_job()

analyse_classes = dg.define_asset_job(
    "analyse_classes",
    selection=[name for stage in STAGES if stage.per_class for name in stage.asset_names],
    partitions_def=ACTION_CLASSES,
    description="Analyse new or changed classes in the current latent space, without refitting it. "
    "The insights of other classes take them into account at the next nightly_reanalysis.",
)

FORMER_NAMES: dict[str, Stage] = {
    "measure_classes": EXTRACT,
    "judge_classes": EVALUATE,
    "hold_against_baseline": COMPARE,
}
"""Stages by the former name of their job, which scripts may still launch."""

FORMER_JOBS = [
    stage.define_job(name, description=f"Former name of {stage.job}; removed in 0.3.")
    for name, stage in FORMER_NAMES.items()
]


def promotion_job(promote: dg.OpDefinition) -> dg.JobDefinition:
    """Return the job that makes the current state the baseline.

    Args:
        promote: the op that does it.
    """

    @dg.job(name=PROMOTE.job, executor_def=dg.in_process_executor, description=PROMOTE.description)
    def promote_baseline() -> None:
        promote()

    return promote_baseline
