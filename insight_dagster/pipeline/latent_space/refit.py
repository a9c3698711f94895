"""The use case of the asset `latent_space`: fit it on the vectors of all classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.latent_space.fitting import fit_key, fit_latent_space
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import (
    is_usable,
    newest_space,
    reasons,
    space_row,
)
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.pipeline.trusted_vectors import vectors_for_the_fit
from insight_dagster.tables import LATENT_SPACES
from insight_dagster.tables.arrays import matrix_of


def refit_latent_space(
    store: Database, folders: HomeFolders, model: VideoClassifier, *, settings: Mapping[str, Any]
) -> StepResult:
    """Fit the latent space on the vectors of all classes, unless nothing changed since the last.

    Classes without trusted vectors are left out and listed in the facts, with the reason.

    Args:
        store: the database.
        folders: the home's folders, which the fitted arrays are written to.
        model: the current model; only its vectors are used.
        settings: keyword arguments of `fit_latent_space`.

    Raises:
        NotEnoughClipsError: too few clips have trusted vectors.
    """
    timer = Timer()
    vectors, left_out = vectors_for_the_fit(store, model.fingerprint)
    key, newest = fit_key(vectors, settings=settings), newest_space(store)
    if newest is not None and is_usable(newest, folders, fit_key=key):
        rows = LATENT_SPACES.from_rows([newest | {"left_out": reasons(left_out)}])
        store.write(ReplacePartition(LATENT_SPACES, rows, newest["space_id"]))
        return _result(rows, timer, computed=0, left_out=left_out)
    space = fit_latent_space(
        matrix_of(vectors, "embedding", width=model.dimension),
        vectors["clip_id"].to_pylist(),
        taps=model.taps,
        **settings,
    )
    path = folders.latent_spaces / f"{space.space_id}.npz"
    space.save(path)
    rows = space_row(
        space,
        vectors=vectors,
        left_out=left_out,
        fit_key=key,
        path=str(path.relative_to(folders.root)),
    )
    store.write(ReplacePartition(LATENT_SPACES, rows, space.space_id))
    return _result(rows, timer, computed=len(space.clip_ids), left_out=left_out)


def _result(
    rows: pa.Table, timer: Timer, *, computed: int, left_out: Mapping[str, str]
) -> StepResult:
    """Return the result with all facts about the latent space, also where it was kept."""
    (row,) = rows.to_pylist()
    facts = {
        "computed": computed,
        "left_out": dict(left_out),
        **{name: row[name] for name in _SHOWN},
        **timer.facts(),
    }
    return StepResult(LATENT_SPACES, rows, facts)


_SHOWN = (
    "space_id",
    "clips",
    "clusters",
    "stability",
    "noise_share",
    "explained_variance",
    "trustworthiness",
)
"""Columns of the latent space that are facts about every materialization."""
