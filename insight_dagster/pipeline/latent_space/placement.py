"""The use cases of the assets `projection` and `clusters`: place one class in the latent space."""

from __future__ import annotations

from insight_dagster.analysis.latent_space.clusters import assign
from insight_dagster.analysis.latent_space.projection import project
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import placed_rows, usable_space
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.pipeline.trusted_vectors import trusted_vectors
from insight_dagster.tables import CLUSTERS, PROJECTION
from insight_dagster.tables.arrays import matrix_of


def project_class(store: Database, folders: HomeFolders, class_name: str) -> StepResult:
    """Write the 2-D coordinates of a class's clips.

    Raises:
        UntrustedClassError: the class's vectors are incomplete or damaged.
        LatentSpaceError: no latent space has been fitted on vectors of the same model.
    """
    timer, vectors = Timer(), trusted_vectors(store, class_name)
    space = usable_space(store, folders, vectors)
    matrix = matrix_of(vectors, "embedding", width=space.dimension)
    placed = project(space, vectors["clip_id"].to_pylist(), matrix)
    rows = placed_rows(vectors, space.space_id, placed)
    store.write(ReplacePartition(PROJECTION, rows, class_name))
    facts = {"placed_after_the_fit": int((~placed.fitted).sum()), **timer.facts()}
    return StepResult(PROJECTION, rows, facts)


def cluster_class(store: Database, folders: HomeFolders, class_name: str) -> StepResult:
    """Write the clusters of a class's clips.

    Raises:
        UntrustedClassError: the class's vectors are incomplete or damaged.
        LatentSpaceError: no latent space has been fitted on vectors of the same model.
    """
    timer, vectors = Timer(), trusted_vectors(store, class_name)
    space = usable_space(store, folders, vectors)
    matrix = matrix_of(vectors, "embedding", width=space.dimension)
    assigned = assign(space, vectors["clip_id"].to_pylist(), matrix)
    rows = placed_rows(vectors, space.space_id, assigned)
    store.write(ReplacePartition(CLUSTERS, rows, class_name))
    facts = {
        "clusters": len(set(assigned.cluster[assigned.cluster >= 0].tolist())),
        "in_no_cluster": int((assigned.cluster < 0).sum()),
        **timer.facts(),
    }
    return StepResult(CLUSTERS, rows, facts)
