"""The promoted performance figures that drift is measured against."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from insight_dagster.analysis.drift import figures
from insight_dagster.analysis.drift.baseline import Snapshot, baseline_clip_rows
from insight_dagster.analysis.drift.performance.performance import figure_columns, scored_clips
from insight_dagster.analysis.metadata.metadata_table import metadata_version
from insight_dagster.analysis.metadata.user_functions import installed_functions
from insight_dagster.assets.performance import performance
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.assets.verdict import failing, verdict
from insight_dagster.database.connection import Database
from insight_dagster.database.writes import Deletion, ReplacePartition
from insight_dagster.errors import PromotionError
from insight_dagster.pipeline.baseline import now
from insight_dagster.pipeline.class_checks import ClassChecks, ClassChecksResource, Outcomes
from insight_dagster.resources.model import ClassifierResource
from insight_dagster.tables import BASELINE_CLIPS, BASELINES

KEPT = 3
"""Baselines whose clips are kept; figures, authors and reasons are kept of all."""

_ALL = dg.AllPartitionMapping()


class Promotion(dg.Config):
    """Who promotes, why, and which failing checks that person accepts."""

    author: str = Field(description="who promotes")
    reason: str = Field(description="why the present state is what later ones are held against")
    accept: list[str] = Field(
        default=[], description="names of failing checks that are accepted, e.g. performance_drift"
    )


baseline = dg.AssetSpec(
    "baseline",
    deps=[
        dg.AssetDep(performance, partition_mapping=_ALL),
        dg.AssetDep(verdict, partition_mapping=_ALL),
    ],
    description="The state that drift is measured against; the job promote_baseline makes it the "
    "present one. Not materialized with the other assets: somebody has to want it.",
    group_name="watch",
    kinds={"duckdb"},
    owners=["team:video-models"],
)


@dg.op
def promote(
    context: dg.OpExecutionContext,
    config: Promotion,
    class_checks: ClassChecksResource,
    classifier: ClassifierResource,
) -> None:
    """Freeze the present state: from now on drift is measured against it.

    Refused while a check of severity ERROR fails, of a class or of all together, that is not
    accepted by name.
    """
    checks = class_checks.open()
    accepted = _accepted(checks, config)
    present = now(checks.store)
    row = _row(present, config, accepted, classifier)
    baseline_id, rows = row["baseline_id"], BASELINES.from_rows([row])
    checks.store.write(
        ReplacePartition(BASELINES, rows, baseline_id),
        ReplacePartition(BASELINE_CLIPS, baseline_clip_rows(baseline_id, present), baseline_id),
        *_forgotten(checks.store),
    )
    shown = {name: row[name] for name in ("author", "reason", "accepted", "clips", "accuracy")}
    context.log_event(
        dg.AssetMaterialization(baseline.key, metadata={**shown, **table_metadata(BASELINES, rows)})
    )


def _accepted(checks: ClassChecks, config: Promotion) -> list[str]:
    """Failing checks of severity ERROR, all of them accepted by name.

    Raises:
        PromotionError: author or reason is empty, or a failing check is not accepted.
    """
    if not config.author.strip() or not config.reason.strip():
        raise PromotionError("a promotion needs an author and a reason")
    found: dict[str, list[str]] = {}
    for class_name, outcomes in _asked(checks):
        errors, _ = failing(checks, class_name, outcomes)
        for name, outcome in errors.items():
            what = f"{class_name}: {outcome.description}" if class_name else outcome.description
            found.setdefault(name, []).append(what)
    refused = {name: texts for name, texts in found.items() if name not in config.accept}
    if refused:
        details = "; ".join(f"{name} ({' | '.join(texts)})" for name, texts in refused.items())
        raise PromotionError(
            f"not promoted, these checks fail: {details}. Mend the cause, or accept them by name "
            f"({', '.join(refused)})"
        )
    return sorted(found)


def _asked(checks: ClassChecks) -> Iterator[tuple[str, Outcomes]]:
    """Every check of every class, and those that are of no single one."""
    for class_name in checks.classes:
        yield class_name, checks.everything(class_name)
    yield "", {**checks.latent_space(), **checks.report()}


def _row(
    present: Snapshot,
    config: Promotion,
    accepted: list[str],
    classifier: ClassifierResource,
) -> dict[str, Any]:
    created, model = datetime.now(UTC), classifier.describe()
    return {
        "baseline_id": f"{created:%Y-%m-%dT%H:%M:%S.%fZ}",
        "created_at": created.replace(tzinfo=None),
        "author": config.author.strip(),
        "reason": config.reason.strip(),
        "accepted": accepted,
        "model_fingerprint": model.fingerprint,
        "metadata_version": metadata_version(model.spec, installed_functions()),
        "classes": sorted(set(present.scores["class_name"])),
        **figure_columns(figures(scored_clips(present.scores))),
        "clips": len(present.scores),
    }


def _forgotten(store: Database) -> list[Deletion]:
    """The clips of all but the newest baselines, the one being written counted."""
    sql = f"SELECT baseline_id FROM baselines ORDER BY created_at DESC OFFSET {KEPT - 1}"  # noqa: S608
    old = store.read(sql)["baseline_id"].to_pylist()
    return [Deletion(BASELINE_CLIPS, {"baseline_id": baseline_id}) for baseline_id in old]
