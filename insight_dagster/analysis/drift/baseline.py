"""A baseline: the clips of a moment as they did then, and what became of a class since.

Freezing a moment and comparing with one belong here; the tests (`drift`) and storing do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift import (
    DataDrift,
    EmbeddingDrift,
    FieldDrift,
    PerformanceDrift,
    embedding_drift,
    field_drift,
    performance_drift,
)
from insight_dagster.analysis.drift.performance.performance import scored_clips
from insight_dagster.analysis.drift.rows import drift_rows
from insight_dagster.failures import Skipped
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import BASELINE_CLIPS, METADATA_FIELDS

FIELD_NAMES = tuple(column.name for column in METADATA_FIELDS)


@dataclass(frozen=True)
class Snapshot:
    """Clips as they are at one time; every frame and array has a row a clip, in one order.

    Attributes:
        scores: `clip_id`, `class_name`, `split`, `content_key`, `correct`, `loss`, `confidence`.
        metadata: (n, f) float64, the fields of `METADATA_FIELDS`; NaN where not measured.
        vectors: (n, d) float latent vectors of one model; d = 0 where they are not asked for, or
            are of several models.
        metadata_version: of the metadata's definitions; '' where nothing is measured.
    """

    scores: pd.DataFrame
    metadata: np.ndarray
    vectors: np.ndarray
    metadata_version: str = ""

    def __post_init__(self) -> None:
        shapes = [self.metadata.shape, self.vectors.shape]
        if self.metadata.shape != (len(self.scores), len(FIELD_NAMES)):
            raise ValueError(f"a moment needs {len(FIELD_NAMES)} fields a clip, got {shapes}")
        if {shape[0] for shape in shapes} != {len(self.scores)}:
            raise ValueError(f"a moment needs a row for each of {len(self.scores)} clips: {shapes}")

    def take(self, rows: np.ndarray) -> Snapshot:
        """The clips of some rows (mask)."""
        return replace(
            self,
            scores=self.scores[rows].reset_index(drop=True),
            metadata=self.metadata[rows],
            vectors=self.vectors[rows],
        )


def moment(
    scores: pd.DataFrame,
    metadata: pa.Table,
    *,
    vectors: Mapping[str, np.ndarray] | None = None,
    metadata_version: str = "",
) -> Snapshot:
    """Put a moment together from rows by clip.

    Args:
        scores: as in `Snapshot`, one row a clip.
        metadata: rows of `metadata_table` or `baseline_clips`.
        vectors: of clips by their id; None: none of one model.
        metadata_version: of the metadata.
    """
    scores = scores.sort_values("clip_id", ignore_index=True)
    fields = metadata.select(["clip_id", *FIELD_NAMES]).to_pandas().set_index("clip_id")
    return Snapshot(
        scores,
        fields.reindex(scores["clip_id"]).to_numpy(np.float64),
        _by_clip(vectors, scores["clip_id"]),
        metadata_version,
    )


def stored_snapshot(rows: pa.Table, metadata_version: str) -> Snapshot:
    """The moment that rows of `baseline_clips` keep; it has no vectors."""
    frame = rows.to_pandas()
    named = ["clip_id", "class_name", "split", "content_key", "correct", "loss", "confidence"]
    return moment(frame[named], rows, metadata_version=metadata_version)


def baseline_clip_rows(baseline_id: str, now: Snapshot) -> pa.Table:
    """Rows of `baseline_clips` that keep a moment."""
    values = [
        {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(FIELD_NAMES, row, strict=True)
        }
        for row in now.metadata
    ]
    return BASELINE_CLIPS.from_rows(
        {
            "baseline_id": baseline_id,
            **_plain(clip),
            **fields,
        }
        for clip, fields in zip(now.scores.to_dict("records"), values, strict=True)
    )


def drift_since(
    class_name: str,
    then: Snapshot,
    now: Snapshot,
    *,
    baseline_id: str,
    thresholds: Thresholds,
    seed: int,
) -> pa.Table:
    """Rows of `drift`: what became of a class since its baseline.

    Performance is compared over all its clips, or those of the splits that the settings name;
    metadata and embedding over contents that the baseline does not hold. Metadata are held against
    the baseline's, vectors against those of the baseline's clips that are still there: all are
    then of the present model.

    Args:
        class_name: the class.
        then: its clips in the baseline.
        now: its clips now, with their vectors.
        baseline_id: of the baseline.
        thresholds: splits and the fewest clips that are compared.
        seed: of every resampling.
    """
    held = now.scores["content_key"].isin(then.scores["content_key"]).to_numpy(bool)
    new, least = now.take(~held), {"min_clips": thresholds.drift_min_clips, "seed": seed}
    data = DataDrift(
        clips_then=len(then.scores),
        new_clips=len(new.scores),
        fields=_field_drift(then, new, least),
        embedding=_embedding_drift(now.take(held), new, least),
    )
    performance = performance_since(then, now, thresholds=thresholds, seed=seed)
    return drift_rows(class_name, baseline_id, performance, data)


def performance_since(
    then: Snapshot, now: Snapshot, *, thresholds: Thresholds, seed: int, by_class: bool = False
) -> PerformanceDrift:
    """Performance now against then.

    A clip that moved to another split is the same clip; it counts to the split it is in now.

    Args:
        then: clips of the baseline.
        now: clips now.
        thresholds: splits and the fewest clips that are compared.
        seed: of every resampling.
        by_class: several classes: compare new clips with old ones of their own class; classes
            that have new clips alone are left out.
    """
    before, after, splits = _renamed(then.scores, now.scores), now.scores, thresholds.drift_splits
    left_out: tuple[str, ...] = ()
    if by_class:
        before, after, left_out = _of_known_classes(
            *(_that_count(each, splits) for each in (before, after)),
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


def _renamed(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The baseline's clips under the ids and splits that they have now.

    An id names the split. Clips that one side alone has are matched by class and content, each
    one once.
    """
    left = _copies_numbered(then[~then["clip_id"].isin(now["clip_id"])])
    came = _copies_numbered(now[~now["clip_id"].isin(then["clip_id"])])
    pairs = left.merge(came, on=["class_name", "content_key", "copy"], suffixes=("", "_now"))
    names = pairs.set_index("clip_id")[["clip_id_now", "split_now"]].reindex(then["clip_id"])
    return then.assign(
        clip_id=names["clip_id_now"].fillna(names.index.to_series()).to_numpy(),
        split=np.where(names["split_now"].isna(), then["split"], names["split_now"]),
    )


def _copies_numbered(clips: pd.DataFrame) -> pd.DataFrame:
    identity = clips[["clip_id", "split", "class_name", "content_key"]].sort_values("clip_id")
    return identity.assign(copy=identity.groupby(["class_name", "content_key"]).cumcount())


def _that_count(clips: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    return clips[clips["clip_id"].isin(scored_clips(clips, splits=splits).clip_ids)]


def _of_known_classes(
    before: pd.DataFrame, after: pd.DataFrame, *, min_clips: int
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Clips of classes whose new clips have old ones beside them, and the other classes' names.

    A class with new clips in a split without old ones loses its splits: its new clips are
    compared with all its old ones, not with other classes.
    """
    shared = after["clip_id"].isin(before["clip_id"])
    old, new = after[shared] if shared.sum() >= min_clips else before, after[~shared]
    left_out = sorted(set(new["class_name"]) - set(old["class_name"]))
    strata = set(zip(old["class_name"], old["split"], strict=True))
    found = set(zip(new["class_name"], new["split"], strict=True)) - strata
    blurred = {class_name for class_name, _ in found}
    before, after = (
        each[~each["class_name"].isin(left_out)].assign(
            split=lambda clips: clips["split"].mask(clips["class_name"].isin(blurred), "")
        )
        for each in (before, after)
    )
    return before, after, tuple(left_out)


def _field_drift(then: Snapshot, new: Snapshot, least: Mapping[str, Any]) -> tuple[FieldDrift, ...]:
    versions, unlike = (then.metadata_version, new.metadata_version), None
    if all(versions) and len(set(versions)) > 1:
        unlike = Skipped(
            "measured by definition {} then and {} now: promote a new baseline".format(*versions)
        )
    splits = _splits(then, new)
    return field_drift(
        then.metadata, new.metadata, FIELD_NAMES, splits=splits, unlike=unlike, **least
    )


def _embedding_drift(old: Snapshot, new: Snapshot, least: Mapping[str, Any]) -> EmbeddingDrift:
    unlike = None
    if len(new.scores) and len(old.scores) < least["min_clips"]:
        unlike = Skipped(
            f"{len(old.scores)} of the {least['min_clips']} clips of the baseline needed are still "
            "there: vectors of the others are not kept"
        )
    elif not new.vectors.shape[1]:
        unlike = Skipped("the clips have no vectors of one model")
    splits = _splits(old, new)
    return embedding_drift(old.vectors, new.vectors, splits=splits, unlike=unlike, **least)


def _splits(old: Snapshot, new: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    return old.scores["split"].to_numpy(str), new.scores["split"].to_numpy(str)


def _by_clip(values: Mapping[str, np.ndarray] | None, clip_ids: pd.Series) -> np.ndarray:
    """(n, w) values of clips; (n, 0) where there are none."""
    if not values:
        return np.zeros((len(clip_ids), 0))
    rows = np.array([values[clip_id] for clip_id in clip_ids], np.float64)
    return rows.reshape(len(clip_ids), rows.shape[-1])


def _plain(clip: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): None if pd.isna(value) else value for name, value in clip.items()}
