"""The insight engine for scripts: arrays in, ranked insights out.

Building a clip table from plain arrays belongs here; finding insights does not (`discovery`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.discovery import Discovery, discover
from insight_dagster.analysis.insights.inputs import Inputs, check_inputs, population_rows
from insight_dagster.analysis.insights.rows import insight_of
from insight_dagster.analysis.numerics.principal_axes import principal_axes, scaling
from insight_dagster.tables.insights import Insight

_COMPONENTS = 64
_LOG = logging.getLogger(__name__)


def find_insights(
    embeddings: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    metadata: pd.DataFrame | None = None,
    splits: np.ndarray | None = None,
    population: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    contrasts: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
    fdr: float = 0.05,
) -> list[Insight]:
    """Find insights in a labelled set of clips (or images, or anything with embeddings).

    The result does not depend on the row order; rows that are equal in every array are
    interchangeable. Definitions: `docs/explanation/insights.md`.

    Args:
        embeddings: (n, d) float, finite.
        labels: (n,) int class of every row, a column number of `probabilities`.
        probabilities: (n, c) float in 0..1; rows sum to 1, or to less if classes are left out.
        metadata: n rows of measured fields, in the order of the arrays whatever the index;
            missing values are NaN.
        splits: (n,) str: `train`, `val`, `test` or any other name; missing where unknown.
            Default: all unknown.
        population: (n,) bool mask of the rows to look at. Default: all.
        class_names: c unique names. Default: the class numbers.
        contrasts: by name, (n,) bool or float: 1 for rows of one side, 0 for rows of the other,
            NaN for neither; for insights of kind `shift`.
        seed: seed of every permutation, start and bootstrap.
        fdr: largest q-value of an insight and of a cause; 1 returns every candidate, however
            small its effect.

    Returns:
        Insights by falling severity; their scores are 0 outside the population. Tests that were
        skipped are logged with the reason (INFO).

    Raises:
        ValueError: lengths or shapes do not fit together, labels are out of range, names repeat,
            embeddings or probabilities are not finite, or probabilities are not distributions.
    """
    inputs = check_inputs(
        embeddings,
        labels,
        probabilities,
        metadata=metadata,
        splits=splits,
        class_names=class_names,
        contrasts=contrasts,
    )
    rows = population_rows(population, len(inputs.labels))
    if not len(rows):
        return []
    ids = inputs.take(rows).identities()
    rows = rows[np.argsort(ids)]
    discovery = discover(_clip_table(np.sort(ids), inputs.take(rows)), seed=seed, fdr=fdr)
    for test, reason in discovery.skipped.items():
        _LOG.info("skipped: %s: %s", test, reason)
    return _insights(discovery, rows, len(inputs.labels))


def _clip_table(ids: np.ndarray, inputs: Inputs) -> ClipTable:
    n, class_names = len(ids), np.array(inputs.class_names, dtype=str)
    own = inputs.probabilities[np.arange(n), inputs.labels].astype(np.float64)
    predicted = inputs.probabilities.argmax(axis=1)
    return ClipTable(
        clip_ids=ids,
        labels=class_names[inputs.labels],
        splits=inputs.splits,
        predicted=class_names[predicted],
        probability=own,
        loss=-np.log(np.maximum(own, 1e-12)),
        correct=(predicted == inputs.labels).astype(np.float64),
        probabilities=inputs.probabilities,
        coordinates=_coordinates(inputs.embeddings),
        cluster=np.full(n, -1),
        strength=np.zeros(n),
        metadata=inputs.metadata,
        signature=np.zeros((n, 0), np.uint8),
        content_key=np.full(n, ""),
        model_labels=inputs.class_names,
        contrasts=inputs.contrasts,
    )


def _coordinates(embeddings: np.ndarray) -> np.ndarray:
    """Return principal components of standardised features, like a latent space of one layer."""
    if len(embeddings) < 2:
        return np.zeros((len(embeddings), 1))
    values = embeddings.astype(np.float64)
    mean, weight = scaling(values, [values.shape[1]])
    values -= mean
    values *= weight
    axes, _ = principal_axes(values, _COMPONENTS)
    return np.round(values @ axes.T, 8) + 0.0


def _insights(discovery: Discovery, rows: np.ndarray, count: int) -> list[Insight]:
    """Return the insights with members and scores in rows of the input arrays."""
    insights = []
    for ranked, causes in zip(discovery.ranked, discovery.causes, strict=True):
        insight = insight_of(ranked, causes, discovery.clips)
        scores = np.zeros(count, np.float32)
        scores[rows] = insight.scores
        insights.append(replace(insight, members=np.sort(rows[insight.members]), scores=scores))
    return insights
