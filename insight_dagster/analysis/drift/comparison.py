"""Comparison of a current snapshot with a baseline snapshot.

Pairing the clips of two snapshots and choosing what is compared with what belong here; the tests
(`performance/`, `data/`) and snapshots themselves (`snapshot`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift.data.data_drift import DataDrift
from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift, embedding_drift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift, field_drift
from insight_dagster.analysis.drift.performance.performance import scored_clips
from insight_dagster.analysis.drift.performance.performance_drift import (
    PerformanceDrift,
    performance_drift,
)
from insight_dagster.analysis.drift.rows import drift_rows
from insight_dagster.analysis.drift.snapshot import FIELD_NAMES, Snapshot
from insight_dagster.errors import Skipped
from insight_dagster.settings.thresholds import Thresholds


def compare_class(
    class_name: str,
    baseline: Snapshot,
    current: Snapshot,
    *,
    baseline_id: str,
    thresholds: Thresholds,
    seed: int,
) -> pa.Table:
    """Compare a class with its baseline and return its rows of `drift`.

    Performance is compared over all clips of the class, or those in `thresholds.drift_splits`;
    metadata and embeddings over clips whose content the baseline does not hold. New clips' metadata
    are compared with those stored in the baseline, their embeddings with those of baseline clips
    that are still in the library, so that both sides are of the current model.

    Args:
        class_name: the class.
        baseline: its clips in the baseline.
        current: its clips now, with vectors.
        baseline_id: id of the baseline.
        thresholds: splits and smallest number of clips that are compared.
        seed: seed of every resampling.
    """
    known = current.scores["content_key"].isin(baseline.scores["content_key"]).to_numpy(bool)
    new, options = current.take(~known), {"min_clips": thresholds.drift_min_clips, "seed": seed}
    data = DataDrift(
        baseline_clips=len(baseline.scores),
        new_clips=len(new.scores),
        fields=_field_drift(baseline, new, options),
        embedding=_embedding_drift(current.take(known), new, options),
    )
    performance = compare_performance(baseline, current, thresholds=thresholds, seed=seed)
    return drift_rows(class_name, baseline_id, performance, data)


def compare_performance(
    baseline: Snapshot,
    current: Snapshot,
    *,
    thresholds: Thresholds,
    seed: int,
    by_class: bool = False,
) -> PerformanceDrift:
    """Compare the performance on current clips with that on baseline clips.

    A clip that moved to another split is the same clip; it counts in its current split.

    Args:
        baseline: clips of the baseline.
        current: clips now.
        thresholds: splits and smallest number of clips that are compared.
        seed: seed of every resampling.
        by_class: compare new clips with old clips of their own class (for snapshots of several
            classes). Classes without old clips are left out.
    """
    splits = thresholds.drift_splits
    before, after = _with_current_ids(baseline.scores, current.scores), current.scores
    left_out: tuple[str, ...] = ()
    if by_class:
        before, after, left_out = _of_known_classes(
            *(_scorable(each, splits) for each in (before, after)),
            min_clips=thresholds.drift_min_clips,
        )
        splits = ()
    drift = performance_drift(
        scored_clips(before, splits=splits, by_class=by_class),
        scored_clips(after, splits=splits, by_class=by_class),
        min_clips=thresholds.drift_min_clips,
        seed=seed,
    )
    return replace(drift, left_out=left_out)


def _with_current_ids(baseline: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Return the baseline's clips under their current ids and splits.

    A clip id contains the split. Clips whose id is on one side only are matched by class and
    content, each at most once.
    """
    gone = _copies_numbered(baseline[~baseline["clip_id"].isin(current["clip_id"])])
    new = _copies_numbered(current[~current["clip_id"].isin(baseline["clip_id"])])
    pairs = gone.merge(new, on=["class_name", "content_key", "copy"], suffixes=("", "_now"))
    names = pairs.set_index("clip_id")[["clip_id_now", "split_now"]].reindex(baseline["clip_id"])
    return baseline.assign(
        clip_id=names["clip_id_now"].fillna(names.index.to_series()).to_numpy(),
        split=np.where(names["split_now"].isna(), baseline["split"], names["split_now"]),
    )


def _copies_numbered(clips: pd.DataFrame) -> pd.DataFrame:
    identity = clips[["clip_id", "split", "class_name", "content_key"]].sort_values("clip_id")
    return identity.assign(copy=identity.groupby(["class_name", "content_key"]).cumcount())


def _scorable(clips: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    return clips[clips["clip_id"].isin(scored_clips(clips, splits=splits).clip_ids)]


def _of_known_classes(
    before: pd.DataFrame, after: pd.DataFrame, *, min_clips: int
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Return clips of the classes that have old clips, and the names of the other classes.

    A class with new clips in a split without old clips loses its splits: its new clips are compared
    with all its old clips rather than with other classes.
    """
    shared = after["clip_id"].isin(before["clip_id"])
    old, new = after[shared] if shared.sum() >= min_clips else before, after[~shared]
    left_out = sorted(set(new["class_name"]) - set(old["class_name"]))
    strata = set(zip(old["class_name"], old["split"], strict=True))
    unmatched = set(zip(new["class_name"], new["split"], strict=True)) - strata
    pooled = {class_name for class_name, _ in unmatched}
    before, after = (
        each[~each["class_name"].isin(left_out)].assign(
            split=lambda clips: clips["split"].mask(clips["class_name"].isin(pooled), "")
        )
        for each in (before, after)
    )
    return before, after, tuple(left_out)


def _field_drift(
    baseline: Snapshot, new: Snapshot, options: Mapping[str, Any]
) -> tuple[FieldDrift, ...]:
    versions, skip = (baseline.metadata_version, new.metadata_version), None
    if all(versions) and len(set(versions)) > 1:
        skip = Skipped(
            f"metadata definition {versions[0]} in the baseline, {versions[1]} now: promote a new "
            "baseline"
        )
    return field_drift(
        baseline.metadata,
        new.metadata,
        FIELD_NAMES,
        splits=_splits(baseline, new),
        skip=skip,
        **options,
    )


def _embedding_drift(old: Snapshot, new: Snapshot, options: Mapping[str, Any]) -> EmbeddingDrift:
    skip = None
    if len(new.scores) and len(old.scores) < options["min_clips"]:
        skip = Skipped(
            f"{len(old.scores)} of the {options['min_clips']} baseline clips needed are still in "
            "the library (vectors of removed clips are not kept)"
        )
    elif not new.vectors.shape[1]:
        skip = Skipped("the clips have no vectors of one model")
    return embedding_drift(old.vectors, new.vectors, splits=_splits(old, new), skip=skip, **options)


def _splits(old: Snapshot, new: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    return old.scores["split"].to_numpy(str), new.scores["split"].to_numpy(str)
