"""The use case of the asset `baseline`: promote the current state.

Reading baselines is in `baseline`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.drift import performance_metrics
from insight_dagster.analysis.drift.performance.performance import metric_columns, scored_clips
from insight_dagster.analysis.drift.snapshot import Snapshot, baseline_clip_rows
from insight_dagster.analysis.metadata.metadata_table import metadata_version
from insight_dagster.analysis.metadata.user_functions import installed_functions
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion, ReplacePartition
from insight_dagster.errors import PromotionError
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.snapshots import current_snapshot
from insight_dagster.tables import BASELINE_CLIPS, BASELINES
from insight_dagster.tables.clock import timestamp_now

BASELINES_WITH_CLIPS = 3
"""Number of newest baselines whose clips are kept; the rows of `baselines` are all kept."""


def promote_current_state(
    checks: ClassChecks,
    model: VideoClassifier,
    *,
    author: str,
    reason: str,
    accept: Sequence[str] = (),
) -> pa.Table:
    """Make the current state the baseline that drift is measured against.

    Args:
        checks: the checks, of the current state.
        model: the current model.
        author: who promotes.
        reason: why.
        accept: names of failed checks of severity ERROR that do not prevent the promotion.

    Returns:
        The new row of `baselines`.

    Raises:
        PromotionError: author or reason is empty, or a check failed that is not accepted.
    """
    if not author.strip() or not reason.strip():
        raise PromotionError("a promotion needs an author and a reason")
    accepted = _accepted(checks, accept)
    current = current_snapshot(checks.store)
    row = {
        "author": author.strip(),
        "reason": reason.strip(),
        "accepted": accepted,
        **_facts(checks.store, current, model),
    }
    baseline_id, rows = row["baseline_id"], BASELINES.from_rows([row])
    checks.store.write(
        ReplacePartition(BASELINES, rows, baseline_id),
        ReplacePartition(BASELINE_CLIPS, baseline_clip_rows(baseline_id, current), baseline_id),
        *_old_clips(checks.store),
    )
    return rows


def _accepted(checks: ClassChecks, accept: Sequence[str]) -> list[str]:
    """Return the names of the failed checks of severity ERROR, all of which are accepted.

    Raises:
        PromotionError: one of them is not accepted.
    """
    found: dict[str, list[str]] = {}
    for class_name, outcomes in checks.all_outcomes():
        errors, _ = checks.failing(class_name, outcomes)
        for name, outcome in errors.items():
            text = f"{class_name}: {outcome.description}" if class_name else outcome.description
            found.setdefault(name, []).append(text)
    refused = {name: texts for name, texts in found.items() if name not in accept}
    if refused:
        details = "; ".join(f"{name} ({' | '.join(texts)})" for name, texts in refused.items())
        raise PromotionError(
            f"not promoted, because checks fail: {details}. Fix the cause, or accept the checks by "
            f"name ({', '.join(refused)})"
        )
    return sorted(found)


def _facts(store: Database, current: Snapshot, model: VideoClassifier) -> dict[str, Any]:
    created = timestamp_now()
    return {
        "baseline_id": _unused_id(store, f"{created:%Y-%m-%dT%H:%M:%S.%fZ}"),
        "created_at": created,
        "model_fingerprint": model.fingerprint,
        "metadata_version": metadata_version(model.spec, installed_functions()),
        "classes": sorted(set(current.scores["class_name"])),
        **metric_columns(performance_metrics(scored_clips(current.scores))),
        "clips": len(current.scores),
    }


def _unused_id(store: Database, wanted: str) -> str:
    """Return an id that no baseline has: a clock that was set back says the same time again."""
    known = set(store.rows(BASELINES)["baseline_id"].to_pylist())
    others = (f"{wanted}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([wanted], others) if each not in known)


def _old_clips(store: Database) -> list[Deletion]:
    """Return deletions of the clips of old baselines; the one being written counts as newest."""
    sql = f"""SELECT baseline_id FROM baselines
              ORDER BY sequence DESC OFFSET {BASELINES_WITH_CLIPS - 1}"""  # noqa: S608
    old = store.read(sql)["baseline_id"].to_pylist()
    return [Deletion(BASELINE_CLIPS, {"baseline_id": baseline_id}) for baseline_id in old]
