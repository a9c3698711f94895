"""The arrays that scripts pass to `find_insights`: validated, with identities for their rows.

Which inputs are refused and why, and what tells rows apart, belong here; finding insights does
not (`discovery`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights.clip_table import known_text

_ROUNDING = 1e-3


@dataclass(frozen=True)
class Inputs:
    """Validated inputs of `find_insights`, for n rows.

    Attributes:
        embeddings: (n, d) float, finite.
        labels: (n,) int, columns of `probabilities`.
        probabilities: (n, c) float in 0..1.
        class_names: c names, all different.
        metadata: n rows, columns all different.
        splits: (n,) str, '' = unknown.
        contrasts: by name, (n,) float64, NaN = on neither side.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    metadata: pd.DataFrame
    splits: np.ndarray
    contrasts: Mapping[str, np.ndarray]

    def take(self, rows: np.ndarray) -> Inputs:
        """Select some rows, in that order."""
        return Inputs(
            self.embeddings[rows],
            self.labels[rows],
            self.probabilities[rows],
            self.class_names,
            self.metadata.iloc[rows].reset_index(drop=True),
            self.splits[rows],
            {name: side[rows] for name, side in self.contrasts.items()},
        )

    def identities(self) -> np.ndarray:
        """Return a unique name of every row, derived from its values: (n,) str.

        Rows with the same values in every array are interchangeable; they are numbered.
        """
        sides = [self.contrasts[name] for name in sorted(self.contrasts)]
        columns = [self.embeddings, self.labels, self.probabilities, *sides]
        plain = [np.ascontiguousarray(each.reshape(len(each), -1)) for each in columns]
        plain.append(pd.util.hash_array(self.splits.astype(object))[:, None])
        fields = sorted(self.metadata.columns, key=str)
        plain.append(
            pd.util.hash_pandas_object(self.metadata[fields], index=False).to_numpy()[:, None]
        )
        seen: dict[str, int] = {}
        names = []
        for row in range(len(self.labels)):
            digest = hashlib.blake2b(digest_size=8)
            for each in plain:
                digest.update(each[row].tobytes())
            name = digest.hexdigest()
            seen[name] = seen.get(name, -1) + 1
            names.append(f"{name}.{seen[name]:06d}")
        return np.array(names, dtype=str)


def check_inputs(
    embeddings: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    metadata: pd.DataFrame | None,
    splits: np.ndarray | None,
    class_names: Sequence[str] | None,
    contrasts: Mapping[str, np.ndarray] | None,
) -> Inputs:
    """Validate the arrays and return them together.

    Raises:
        ValueError: shapes, values or names do not fit; the message names the first row or array
            at fault.
    """
    embeddings, labels, probabilities = map(np.asarray, (embeddings, labels, probabilities))
    _check_shapes(embeddings, labels, probabilities)
    _check_values(embeddings, labels, probabilities)
    n, classes = probabilities.shape
    frame = pd.DataFrame(index=range(n)) if metadata is None else pd.DataFrame(metadata)
    names = range(classes) if class_names is None else class_names
    inputs = Inputs(
        embeddings,
        labels,
        probabilities,
        tuple(str(name) for name in names),
        frame.reset_index(drop=True),
        np.full(n, "") if splits is None else known_text(splits),
        {str(name): _side(each) for name, each in (contrasts or {}).items()},
    )
    if len(inputs.class_names) != classes:
        raise ValueError(
            f"class_names must have {classes} entries, one per column of probabilities, got "
            f"{len(inputs.class_names)}"
        )
    _check_unique("class names", inputs.class_names)
    _check_unique("metadata columns", [str(name) for name in frame.columns])
    lengths = {"metadata": inputs.metadata, "splits": inputs.splits}
    lengths |= {f"contrast {name!r}": side for name, side in inputs.contrasts.items()}
    for name, each in lengths.items():
        if each.ndim != (2 if name == "metadata" else 1) or len(each) != n:
            raise ValueError(f"{name} must have {n} rows, like the embeddings, got {each.shape}")
    return inputs


def population_rows(population: np.ndarray | None, count: int) -> np.ndarray:
    """Return the rows of a population, all rows where it is None.

    Raises:
        ValueError: the population is not an (n,) bool array.
    """
    if population is None:
        return np.arange(count)
    chosen = np.asarray(population)
    if chosen.shape != (count,) or chosen.dtype != bool:
        raise ValueError(
            f"population must be ({count},) bool, got {chosen.shape} {chosen.dtype}; pass a "
            "mask, not row numbers"
        )
    return np.flatnonzero(chosen)


def _side(values: np.ndarray) -> np.ndarray:
    side = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(side), side, np.nan)


def _check_shapes(embeddings: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    if (
        embeddings.ndim != 2
        or probabilities.ndim != 2
        or not labels.shape == (len(embeddings),) == (len(probabilities),)
    ):
        raise ValueError(
            "embeddings, labels and probabilities must be (n, d), (n,) and (n, c), got "
            f"{embeddings.shape}, {labels.shape} and {probabilities.shape}"
        )


def _check_values(embeddings: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    for name, values in (("embeddings", embeddings), ("probabilities", probabilities)):
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise ValueError(f"{len(bad)} {name} are not finite, the first in row {bad[0]}")
    outside = (probabilities < 0) | (probabilities > 1 + _ROUNDING)
    bad = np.flatnonzero(outside.any(axis=1) | (probabilities.sum(axis=1) > 1 + _ROUNDING))
    if len(bad):
        raise ValueError(
            f"{len(bad)} rows of `probabilities` are not distributions (values must be in 0..1 and "
            f"sum to at most 1), the first is row {bad[0]}; apply a softmax to logits first"
        )
    if not len(labels):
        return
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be integers, column numbers of probabilities, got {labels.dtype}"
        )
    if not (labels.min() >= 0 and labels.max() < probabilities.shape[1]):
        raise ValueError(
            f"labels must be column numbers of probabilities, 0..{probabilities.shape[1] - 1}, got "
            f"{labels.min()}..{labels.max()}"
        )


def _check_unique(what: str, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{what} must be unique, these repeat: {', '.join(repeated)}")
