"""The jobs: one for every stage, one for a new class, one for a promotion, and their former names.

What jobs are called and what a stage materializes (`stages`) does not belong here, nor does what a
night does (`nightly_job`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from insight_dagster.orchestration import nightly_job
from insight_dagster.orchestration.dagster_internals import AssetJob
from insight_dagster.orchestration.stages import (
    ANALYSE_JOB,
    COMPARE,
    FORMER_NAMES,
    PROMOTE,
    REPORT,
    STAGES,
)
from insight_dagster.orchestration.upkeep import backup_job
from insight_dagster.resources.names import Names


@dataclass(frozen=True)
class Jobs:
    """The jobs of one home.

    Attributes:
        stages: job of each stage, by name.
        analyse_classes: the job of new and changed classes.
        compare_with_baseline: the job after a promotion.
        nightly: the nightly re-analysis.
        backup: the job that backs the home up.
        promotion: the job that makes the current state the baseline.
        former: jobs under their former names.
    """

    stages: Mapping[str, AssetJob]
    analyse_classes: AssetJob
    compare_with_baseline: AssetJob
    nightly: dg.JobDefinition
    backup: dg.JobDefinition
    promotion: dg.JobDefinition
    former: tuple[AssetJob, ...]

    @property
    def of_a_night(self) -> list[dg.JobDefinition | AssetJob]:
        """The jobs that a nightly run may request."""
        return [*self.stages.values(), self.promotion]

    @property
    def report(self) -> AssetJob:
        """The job that writes the report."""
        return self.stages[REPORT.job]

    @property
    def all(self) -> list[dg.JobDefinition | AssetJob]:
        """Every job."""
        return [
            self.analyse_classes,
            self.nightly,
            self.backup,
            self.promotion,
            self.compare_with_baseline,
            *self.stages.values(),
            *self.former,
        ]


def define_jobs(names: Names, promote: dg.OpDefinition) -> Jobs:
    """Return the jobs of a home.

    Args:
        names: of the home in the Dagster instance.
        promote: the op that makes the current state the baseline.
    """
    return Jobs(
        stages={stage.job: stage.define_job(names) for stage in STAGES},
        analyse_classes=_analyse_classes(names),
        compare_with_baseline=COMPARE.define_job(names),
        nightly=nightly_job.define_job(names),
        backup=backup_job.define_job(names),
        promotion=_promotion(names, promote),
        former=tuple(
            stage.define_job(
                names, name, description=f"Former name of {stage.job}; removed in 0.3."
            )
            for name, stage in FORMER_NAMES.items()
        ),
    )


def _analyse_classes(names: Names) -> AssetJob:
    assets = [name for stage in STAGES if stage.per_class for name in stage.asset_names]
    return dg.define_asset_job(
        ANALYSE_JOB,
        selection=names.keys(assets),
        tags=names.run_tags,
        description="Analyse new or changed classes in the current latent space, without refitting "
        "it. The insights of other classes take them into account at the next nightly_reanalysis.",
    )


def _promotion(names: Names, promote: dg.OpDefinition) -> dg.JobDefinition:
    @dg.job(
        name=PROMOTE.job,
        executor_def=dg.in_process_executor,
        tags=names.run_tags,
        description=PROMOTE.description,
    )
    def promote_baseline() -> None:
        promote()

    return promote_baseline
