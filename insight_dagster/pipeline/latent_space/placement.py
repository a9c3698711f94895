"""The use cases of the assets `projection` and `clusters`: place one class in the latent space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.latent_space.clusters import Assignment, assign
from insight_dagster.analysis.latent_space.latent_space import LatentSpace
from insight_dagster.analysis.latent_space.projection import Projection, project
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import placed_rows, usable_space
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.pipeline.trusted_vectors import trusted_vectors
from insight_dagster.tables import CLUSTERS, PROJECTION
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.columns import Table

_Placed = TypeVar("_Placed", Assignment, Projection)


def project_class(store: Database, folders: HomeFolders, class_name: str) -> StepResult:
    """Write the 2-D coordinates of a class's clips.

    Raises:
        UntrustedClassError: the class's vectors are incomplete or damaged.
        LatentSpaceError: no latent space has been fitted on vectors of the same model.
    """
    timer = Timer()
    placed, rows = _write_placed(store, folders, class_name, table=PROJECTION, place=project)
    facts = {"placed_after_the_fit": int((~placed.fitted).sum()), **timer.facts()}
    return StepResult(PROJECTION, rows, facts)


def cluster_class(store: Database, folders: HomeFolders, class_name: str) -> StepResult:
    """Write the clusters of a class's clips.

    Raises:
        UntrustedClassError: the class's vectors are incomplete or damaged.
        LatentSpaceError: no latent space has been fitted on vectors of the same model.
    """
    timer = Timer()
    assigned, rows = _write_placed(store, folders, class_name, table=CLUSTERS, place=assign)
    facts = {
        "clusters": len(set(assigned.cluster[assigned.cluster >= 0].tolist())),
        "in_no_cluster": int((assigned.cluster < 0).sum()),
        **timer.facts(),
    }
    return StepResult(CLUSTERS, rows, facts)


def _write_placed(
    store: Database,
    folders: HomeFolders,
    class_name: str,
    *,
    table: Table,
    place: Callable[[LatentSpace, Sequence[str], np.ndarray], _Placed],
) -> tuple[_Placed, pa.Table]:
    """Place a class's vectors in the latent space in use, and write the rows."""
    vectors = trusted_vectors(store, class_name)
    space = usable_space(store, folders, vectors)
    matrix = matrix_of(vectors, "embedding", width=space.dimension)
    placed = place(space, vectors["clip_id"].to_pylist(), matrix)
    rows = placed_rows(vectors, space.space_id, placed)
    store.write(ReplacePartition(table, rows, class_name))
    return placed, rows
