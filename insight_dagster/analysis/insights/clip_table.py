"""The clip table: everything the insight engine knows about the clips, one row per clip.

Aligned arrays, their selection, and their construction from joined rows belong here; the join
(`pipeline.clip_table`) and finding insights (`discovery`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import softmax

from insight_dagster.analysis.insights.populations import POPULATIONS, Population, select
from insight_dagster.tables import METADATA_FIELDS
from insight_dagster.tables.arrays import matrix_of

MOST_LEVELS, FEWEST_OF_LEVEL = 20, 5
CONTAINER_FIELDS = ("fps", "width", "height", "duration_seconds", "has_audio")
"""Container facts that can be causes of an insight, like measured fields."""
_PER_CLIP = (
    "clip_ids", "labels", "splits", "predicted", "probability", "loss", "correct",
    "probabilities", "coordinates", "cluster", "strength", "metadata", "signature", "content_key",
)  # fmt: skip


@dataclass(frozen=True)
class ClipTable:
    """Aligned arrays over n clips.

    Attributes:
        clip_ids: (n,) str, all different.
        labels: (n,) str class that each clip is labelled with.
        splits: (n,) str, '' where unknown.
        predicted: (n,) str label with the largest probability.
        probability: (n,) float probability of the clip's label, NaN where the model lacks it.
        loss: (n,) float cross entropy of the clip's label in nat, NaN where the model lacks it.
        correct: (n,) float, 1 right, 0 wrong, NaN where the model lacks the label.
        probabilities: (n, c) float probabilities of every model label.
        coordinates: (n, k) float principal components of the latent space.
        cluster: (n,) int cluster of the latent space, -1 = none.
        strength: (n,) float membership in it, 0..1.
        metadata: n rows of measured fields (any index): numbers, or text whose values are levels.
        signature: (n, s) uint8 grey thumbnails; s may be 0.
        content_key: (n,) str hash of the bytes and the window; '' = unknown.
        model_labels: c names of the columns of `probabilities`.
        contrasts: by name, (n,) float: 1 on the side that is compared with the other, 0 on the
            other, NaN on neither.
        populations: sets of clips in which failing groups are looked for.
        chosen: by name, (n,) bool: the clips of the populations that are not built in.
    """

    clip_ids: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    loss: np.ndarray
    correct: np.ndarray
    probabilities: np.ndarray
    coordinates: np.ndarray
    cluster: np.ndarray
    strength: np.ndarray
    metadata: pd.DataFrame
    signature: np.ndarray
    content_key: np.ndarray
    model_labels: tuple[str, ...] = field(default=())
    contrasts: Mapping[str, np.ndarray] = field(default_factory=dict)
    populations: tuple[Population, ...] = POPULATIONS
    chosen: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("clip_ids", "labels", "splits", "predicted", "content_key"):
            object.__setattr__(self, name, known_text(getattr(self, name)))
        for name in ("probability", "loss", "correct", "strength"):
            values = np.array(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, np.where(np.isfinite(values), values, np.nan))
        lengths = {name: len(getattr(self, name)) for name in _PER_CLIP}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"a clip table needs one row per clip in every array, got {lengths}")
        for name in ("probabilities", "coordinates", "signature"):
            if getattr(self, name).ndim != 2:
                raise ValueError(f"{name} must be (n, width), got {getattr(self, name).shape}")
        if self.probabilities.shape[1] != len(self.model_labels):
            raise ValueError(
                f"probabilities {self.probabilities.shape} need one model label per column, got "
                f"{len(self.model_labels)}"
            )
        if len(np.unique(self.clip_ids)) != len(self.clip_ids):
            raise ValueError("clip ids repeat; pass every clip once")

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that clips are labelled with, sorted."""
        return tuple(np.unique(self.labels).tolist())

    def of_class(self, class_name: str) -> np.ndarray:
        """Return the rows labelled with a class."""
        return np.flatnonzero(self.labels == class_name)

    def in_population(self, name: str) -> np.ndarray:
        """Return which clips are in a population: (n,) bool.

        Raises:
            SettingsError: no population has that name.
        """
        if name in self.chosen:
            return self.chosen[name]
        return select(name, splits=self.splits, correct=self.correct)

    def take(self, rows: np.ndarray) -> ClipTable:
        """Select some rows, in that order."""
        picked = {
            each.name: getattr(self, each.name)[rows]
            for each in fields(self)
            if each.name in _PER_CLIP and each.name != "metadata"
        }
        return replace(
            self,
            metadata=self.metadata.iloc[rows].reset_index(drop=True),
            contrasts={name: side[rows] for name, side in self.contrasts.items()},
            chosen={name: inside[rows] for name, inside in self.chosen.items()},
            **picked,
        )

    def sorted_by_id(self) -> ClipTable:
        """Sort the clips by id, so that nothing computed from them depends on the row order."""
        return self.take(np.argsort(self.clip_ids, kind="stable"))

    def fields(self) -> tuple[list[str], np.ndarray]:
        """Return names (f) and values (n, f) of numeric fields, then of levels as 0 and 1.

        A level is a value of a text column, named `column = value`: the twenty most frequent ones
        that at least five clips have, so that a column of unique names has none. NaN is missing.
        """
        names, values = self.numeric_metadata()
        levels = self._levels()
        return (
            names + [name for name, _ in levels],
            np.column_stack([values, *(met for _, met in levels)]) if levels else values,
        )

    def _levels(self) -> list[tuple[str, np.ndarray]]:
        out = []
        for name in self.metadata.select_dtypes(exclude=["number", "bool"]).columns:
            text = self.metadata[name].astype("string")
            missing = text.isna().to_numpy(bool)
            for level in frequent_levels(text):
                met = (text == level).fillna(False).to_numpy(np.float64)
                out.append((f"{name} = {level}", np.where(missing, np.nan, met)))
        return out

    def numeric_metadata(self) -> tuple[list[str], np.ndarray]:
        """Return names (f) and values (n, f) float64 of the numeric fields; NaN is missing."""
        numbers = self.metadata.select_dtypes(["number", "bool"])
        names = [str(name) for name in numbers.columns]
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        return names, np.where(np.isfinite(values), values, np.nan)


def known_text(values: np.ndarray) -> np.ndarray:
    """Return values as (n,) str; missing ones (None, NaN, NA) are '' and not the text "None"."""
    array = np.asarray(values)
    if array.dtype == object:
        array = np.where(pd.isna(array), "", array)
    return array.astype(str)


def frequent_levels(text: pd.Series) -> list[str]:
    """Return up to 20 values of a string column that at least five rows have, by frequency."""
    counts = text.value_counts()
    levels = [str(level) for level in counts.index[counts >= FEWEST_OF_LEVEL]]
    return sorted(levels, key=lambda level: (-counts[level], level))[:MOST_LEVELS]


def clip_table_of(
    rows: pa.Table, coordinates: np.ndarray, model_labels: Sequence[str]
) -> ClipTable:
    """Build a clip table from joined rows of the database.

    Args:
        rows: n rows with the columns of `clip_manifest`, `predictions`, `clusters` and
            `metadata_table` that a clip table needs.
        coordinates: (n, k) principal components in the same order.
        model_labels: the model's labels in logit order.
    """
    frame = rows.drop_columns(["logits", "signature", "extra"]).to_pandas()
    return ClipTable(
        clip_ids=frame["clip_id"].to_numpy(),
        labels=frame["class_name"].to_numpy(),
        splits=frame["split"].to_numpy(),
        predicted=frame["predicted"].to_numpy(),
        probability=_numbers(rows, "probability"),
        loss=_numbers(rows, "loss"),
        correct=_numbers(rows, "correct"),
        probabilities=softmax(matrix_of(rows, "logits", width=len(model_labels)), axis=1),
        coordinates=coordinates,
        cluster=frame["cluster"].to_numpy(),
        strength=_numbers(rows, "strength"),
        metadata=pd.concat([_measured(frame), _user_fields(rows)], axis=1),
        signature=matrix_of(rows, "signature").astype(np.uint8),
        content_key=frame["content_key"].to_numpy(),
        model_labels=tuple(model_labels),
    )


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    """Return metadata fields and container facts, with the file's average bit rate in bit/s."""
    fields = [field.name for field in METADATA_FIELDS] + list(CONTAINER_FIELDS)
    bits = 8 * frame["size_bytes"].astype(np.float64)
    return frame[fields].astype(np.float64).assign(bit_rate=bits / frame["duration_seconds"])


def _user_fields(rows: pa.Table) -> pd.DataFrame:
    """Return the values of the user's functions: a column for every field that any clip has."""
    measured = [dict(pairs) for pairs in rows["extra"].to_pylist()]
    names = sorted({name for each in measured for name in each})
    columns = {name: [each.get(name) for each in measured] for name in names}
    return pd.DataFrame(columns, index=range(len(measured)), dtype=np.float64)


def _numbers(rows: pa.Table, name: str) -> np.ndarray:
    """Return a nullable column as float64, null as NaN."""
    return rows[name].cast(pa.float64()).to_numpy().astype(np.float64)
