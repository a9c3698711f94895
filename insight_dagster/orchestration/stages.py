"""The stages of an analysis over many classes, in order, and the names of all jobs.

A stage begins when the one before it has ended for every class: the shared fit needs all vectors,
and no class's insights may be compared with half a library. How stages are run does not belong here
(`run_stages`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import dagster as dg

from insight_dagster.orchestration.dagster_internals import AssetJob
from insight_dagster.resources.names import Names


@dataclass(frozen=True)
class Stage:
    """Assets that one job materializes, for each class or for all classes together.

    Attributes:
        job: name of the job.
        asset_names: in the order of the graph.
        description: of the job.
        per_class: whether the assets are partitioned by class.
        retry_individually: whether a class that failed together with others is run again alone.
        reports_only: whether the stage evaluates classes instead of working on them. It is then
            run for classes that failed before, too, and a class that fails in it is not left out of
            the stages after it.
        in_process: whether the job's steps run in one process, because they are shorter than
            starting a process for each would take.
    """

    job: str
    asset_names: tuple[str, ...]
    description: str
    per_class: bool = True
    retry_individually: bool = True
    reports_only: bool = False
    in_process: bool = False

    def define_job(
        self, names: Names, name: str | None = None, *, description: str | None = None
    ) -> AssetJob:
        """Return the job of the stage.

        Args:
            names: of the home in the Dagster instance.
            name: of the job; default: the stage's own.
            description: of the job; default: the stage's own.
        """
        return dg.define_asset_job(
            name or self.job,
            selection=names.keys(self.asset_names),
            tags=names.run_tags,
            executor_def=dg.in_process_executor if self.in_process else None,
            description=description or self.description,
        )


EXTRACT = Stage(
    "extract_features",
    ("clip_manifest", "embeddings", "metadata_table"),
    "List, embed and describe the clips of a class; only clips that changed are decoded.",
)
REFIT = Stage(
    "refit_latent_space",
    ("latent_space",),
    "Refit scaler, PCA, 2-D layout and clusters on the vectors of all classes. Run place_classes, "
    "explain_classes and evaluate_checks afterwards.",
    per_class=False,
    in_process=True,
)
PLACE = Stage(
    "place_classes",
    ("projection", "clusters", "performance"),
    "Project a class into the current latent space and compare its performance with the baseline.",
)
EXPLAIN = Stage(
    "explain_classes",
    ("insights", "heatmap_bundles"),
    "Find the insights of a class, compared with every projected class, and compute heatmaps.",
)
EVALUATE = Stage(
    "evaluate_checks",
    ("verdict",),
    "Evaluate all checks of a class again and record whether the class passes.",
    retry_individually=False,
    reports_only=True,
    in_process=True,
)
REPORT = Stage(
    "write_report",
    ("insight_report",),
    "Write the static report from the tables.",
    per_class=False,
    in_process=True,
)
COMPARE = Stage(
    "compare_with_baseline",
    ("performance", "verdict"),
    "Compare classes with the baseline again, after a promotion or a change of a threshold.",
    retry_individually=False,
)
COMPARED = replace(COMPARE, asset_names=("performance",))
"""The work of COMPARE, with the same job: a verdict that does not pass is no failure of it."""
PROMOTE = Stage(
    "promote_baseline",
    ("baseline",),
    "Make the current state the baseline that drift is measured against. Requires an author and a "
    "reason in the run configuration.",
    per_class=False,
    in_process=True,
)

STAGES = (EXTRACT, REFIT, PLACE, EXPLAIN, EVALUATE, REPORT)
"""The stages of an analysis, in the order in which they are run."""

ANALYSE_JOB, NIGHT_JOB, BACKUP_JOB = "analyse_classes", "nightly_reanalysis", "back_up_home"
FORMER_NAMES: dict[str, Stage] = {
    "measure_classes": EXTRACT,
    "judge_classes": EVALUATE,
    "hold_against_baseline": COMPARE,
}
"""Stages by the former name of their job, which scripts may still launch."""
