"""The checks of every class, evaluated on the current state of the database.

Check steps evaluate the checks of one asset; the verdict and a promotion evaluate all of them. What
each check reads belongs here; what it decides is in `insight_dagster.analysis.checks`, how results
are reported in `insight_dagster.assets.steps.checks`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.checks import ERROR, Outcome, not_evaluated
from insight_dagster.analysis.checks.drift import drift_outcomes, performance_outcome
from insight_dagster.analysis.checks.embeddings import vectors_complete
from insight_dagster.analysis.checks.latent_space import (
    cluster_noise,
    clusters_stable,
    inside_the_space,
    layout_trustworthiness,
    space_coverage,
)
from insight_dagster.analysis.checks.manifest import (
    duplicates,
    in_library,
    label_known,
    leaks,
    quarantined_share,
    splits_present,
)
from insight_dagster.analysis.checks.pinned_insights import pinned_insights
from insight_dagster.analysis.checks.report import report_complete
from insight_dagster.analysis.clip_library import ScannedLibrary
from insight_dagster.analysis.clip_library.pending_clips import usable_rows
from insight_dagster.analysis.latent_space.coverage import outside
from insight_dagster.analysis.latent_space.latent_space import LatentSpace
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database import Database
from insight_dagster.errors import DatabaseUnavailableError, InsightError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import (
    newest_space,
    read_latent_space,
    usable_space,
)
from insight_dagster.pipeline.snapshots import overall_drift
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import (
    CLIP_MANIFEST,
    CLUSTERS,
    DRIFT,
    EMBEDDINGS,
    INSIGHT_MEMBERS,
    INSIGHTS,
    PINNED_INSIGHTS,
)
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.columns import Table
from insight_dagster.tables.status import IS_USABLE

_USABLE_AND_PLACED = f"""
    WITH newest AS (SELECT space_id FROM latent_spaces ORDER BY sequence DESC LIMIT 1)
    SELECT m.class_name, count(*) AS usable, count(p.clip_id) AS placed
    FROM clip_manifest m
    LEFT JOIN projection p ON p.clip_id = m.clip_id AND p.space_id IN (FROM newest)
    WHERE m.{IS_USABLE} GROUP BY ALL"""  # noqa: S608

Outcomes = Mapping[str, Outcome]
"""Outcomes by the name of the check."""


@dataclass
class ClassChecks:
    """The checks of every class; library, model and latent space are read at most once.

    Attributes:
        store: the database.
        thresholds: thresholds and severities of the checks.
        folders: the home's folders.
        scan_library: returns the classes, splits and files of the clip library.
        describe_model: returns the model, for its labels, fingerprint and dimension.
    """

    store: Database
    thresholds: Thresholds
    folders: HomeFolders
    scan_library: Callable[[], ScannedLibrary]
    describe_model: Callable[[], VideoClassifier]

    def manifest(self, class_name: str) -> Outcomes:
        """Check whether the class's clips are readable, known to the model, and free of copies."""
        rows, thresholds = self._rows(CLIP_MANIFEST, class_name), self.thresholds
        return {
            "unreadable_share": quarantined_share(rows, thresholds),
            "in_library": in_library(class_name, rows, self._library.classes),
            "splits_present": splits_present(rows, self._library.splits),
            "label_known": label_known(class_name, self._model.labels),
            "duplicates": duplicates(rows, thresholds),
            "leaks": leaks(rows, self._manifest, thresholds),
        }

    def embeddings(self, class_name: str) -> Outcomes:
        """Check whether the class's embeddings are complete and enough clips could be decoded."""
        return {**self.embeddings_complete(class_name), **self.decoding(class_name)}

    def embeddings_complete(self, class_name: str) -> Outcomes:
        """Check whether every usable clip has a finite vector of the current model."""
        outcome = vectors_complete(
            self._rows(CLIP_MANIFEST, class_name),
            self._rows(EMBEDDINGS, class_name),
            model_fingerprint=self._model.fingerprint,
            dimension=self._model.dimension,
        )
        return {"embeddings_complete": outcome}

    def decoding(self, class_name: str) -> Outcomes:
        """Check whether enough of the class's clips could be decoded."""
        rows = self._rows(CLIP_MANIFEST, class_name)
        return {"quarantined_share": quarantined_share(rows, self.thresholds)}

    def performance(self, class_name: str) -> Outcomes:
        """Check whether the model got worse on this class or its clips changed."""
        return drift_outcomes(
            self._rows(DRIFT, class_name), self.thresholds, classes=len(self.classes)
        )

    def projection(self, class_name: str) -> Outcomes:
        """Check whether the class's clips lie where the latent space was fitted."""
        rows = self._rows(EMBEDDINGS, class_name)
        space = usable_space(self.store, self.folders, rows)
        embeddings = matrix_of(rows, "embedding", width=space.dimension)
        far = outside(space, *space.locate(rows["clip_id"].to_pylist(), embeddings))
        return {"inside_latent_space": inside_the_space(far, self.thresholds)}

    def clusters(self, class_name: str) -> Outcomes:
        """Check whether the class's clips are in clusters that subsamples reproduce."""
        rows = self._rows(CLUSTERS, class_name)
        rows = rows.filter(pc.equal(rows["space_id"], self._space.space_id))
        cluster = rows["cluster"].to_numpy()
        return {
            "noise_share": cluster_noise(cluster, self.thresholds),
            "clusters_stable": clusters_stable(
                cluster, self._space.clusters.stability, self.thresholds
            ),
        }

    def insights(self, class_name: str) -> Outcomes:
        """Check whether a pinned insight of the class got worse."""
        outcome = pinned_insights(
            self._rows(PINNED_INSIGHTS, class_name),
            self._rows(INSIGHTS, class_name),
            self._rows(INSIGHT_MEMBERS, class_name),
            self.thresholds,
        )
        return {"pinned_insights": outcome}

    def outcomes_of_class(self, class_name: str) -> Outcomes:
        """Evaluate all checks of a class.

        If the checks of an asset cannot be evaluated, the one outcome `<asset>_not_judged` of
        severity ERROR stands for them.
        """
        found: dict[str, Outcome] = {}
        for asset, evaluate in {
            "clip_manifest": self.manifest,
            "embeddings": self.embeddings,
            "performance": self.performance,
            "projection": self.projection,
            "clusters": self.clusters,
            "insights": self.insights,
        }.items():
            try:
                found |= evaluate(class_name)
            except DatabaseUnavailableError:
                raise
            except InsightError as problem:
                found[f"{asset}_not_judged"] = not_evaluated(problem)
        return found

    def latent_space(self) -> Outcomes:
        """Check whether the fit covers all clips and the 2-D layout preserves neighbours."""
        clip_ids = set(usable_rows(self._manifest)["clip_id"].to_pylist())
        return {
            "coverage": space_coverage(
                newest_space(self.store),
                self.thresholds,
                usable_clips=len(clip_ids),
                fitted=len(clip_ids & set(self._space.clip_ids.tolist())),
            ),
            "trustworthiness": layout_trustworthiness(self._space.trustworthiness, self.thresholds),
        }

    def report(self) -> Outcomes:
        """Check whether the report shows every class and whether the model got worse overall."""
        rows = self.store.read(_USABLE_AND_PLACED).to_pylist()
        complete = report_complete(
            self.folders.report / "index.html",
            usable={row["class_name"]: row["usable"] for row in rows},
            placed={row["class_name"]: row["placed"] for row in rows},
        )
        overall = performance_outcome(
            overall_drift(self.store, self.thresholds), self.thresholds, classes=len(self.classes)
        )
        return {"complete": complete, "performance_drift_overall": overall}

    def all_outcomes(self) -> Iterator[tuple[str, Outcomes]]:
        """Yield class name and outcomes: every class, then all classes together ('')."""
        for class_name in self.classes:
            yield class_name, self.outcomes_of_class(class_name)
        yield "", {**self.latent_space(), **self.report()}

    def failing(
        self, class_name: str, outcomes: Outcomes
    ) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        """Return the failed checks by name: those of severity ERROR, then those of severity WARN.

        A failed materialization of the class counts as a failed check of severity ERROR.

        Args:
            class_name: the class.
            outcomes: outcomes of its checks.
        """
        failed = {
            name: outcome.with_severity(self.thresholds.severities.get(name))
            for name, outcome in outcomes.items()
            if not outcome.passed
        }
        for row in self.step_failures(class_name):
            failed[f"{row['asset']}_failed"] = Outcome(False, row["reason"], severity=ERROR)
        errors = {name: each for name, each in failed.items() if each.severity == ERROR}
        return errors, {name: each for name, each in failed.items() if each.severity != ERROR}

    def step_failures(self, class_name: str) -> list[dict[str, str]]:
        """Return the assets whose last materialization failed for the class, with the reason."""
        sql = """SELECT asset, reason FROM step_failures
                 WHERE class_name = ? AND asset <> 'verdict' ORDER BY asset"""
        return self.store.read(sql, [class_name]).to_pylist()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes that have rows in the manifest, sorted."""
        return tuple(sorted(set(self._manifest["class_name"].to_pylist())))

    def _rows(self, table: Table, class_name: str) -> pa.Table:
        return self.store.rows(table, class_name)

    @cached_property
    def _library(self) -> ScannedLibrary:
        return self.scan_library()

    @cached_property
    def _model(self) -> VideoClassifier:
        return self.describe_model()

    @cached_property
    def _manifest(self) -> pa.Table:
        return self.store.rows(CLIP_MANIFEST)

    @cached_property
    def _space(self) -> LatentSpace:
        return read_latent_space(self.store, self.folders, models=set())
