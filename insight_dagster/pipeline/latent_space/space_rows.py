"""Rows of latent spaces and of clips placed in one: made from the fitted objects, and read back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.latent_space.latent_space import LatentSpace, load_latent_space
from insight_dagster.analysis.numerics.neighbours import NearestClips
from insight_dagster.database import Database
from insight_dagster.errors import LatentSpaceError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import LATENT_SPACES
from insight_dagster.tables.arrays import matrix_of
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.status import IS_USABLE


def newest_space(store: Database) -> dict[str, Any] | None:
    """Return the row of the latent space in use, the one fitted last; None if there is none."""
    rows = store.rows(LATENT_SPACES).to_pylist()
    return max(rows, key=lambda row: row["sequence"]) if rows else None


def usable_space(store: Database, folders: HomeFolders, vectors: pa.Table) -> LatentSpace:
    """Return the latent space in use, if it was fitted on vectors of the same model.

    Raises:
        LatentSpaceError: as `read_latent_space`.
    """
    models = set(vectors["model_fingerprint"].to_pylist())
    return read_latent_space(store, folders, models=models)


def read_latent_space(store: Database, folders: HomeFolders, *, models: set[str]) -> LatentSpace:
    """Return the latent space in use.

    Args:
        store: the database.
        folders: the home's folders.
        models: fingerprints of the models whose vectors are to be placed in it.

    Raises:
        LatentSpaceError: none has been fitted yet, it was fitted on another model's vectors, or
            its file is missing or damaged.
    """
    row = newest_space(store)
    if row is None:
        raise LatentSpaceError("no latent space has been fitted yet; materialize latent_space")
    foreign = models - {row["model_fingerprint"]}
    if foreign:
        raise LatentSpaceError(
            f"the latent space was fitted on vectors of model {row['model_fingerprint']}, but "
            f"these are of {', '.join(sorted(foreign))}; materialize embeddings, then latent_space"
        )
    return load_latent_space(folders.root / row["path"])


_VECTORS = f"""
    SELECT e.clip_id, e.embedding FROM embeddings e JOIN clip_manifest m USING (clip_id)
    WHERE m.{IS_USABLE} AND e.model_fingerprint = ? ORDER BY e.clip_id"""  # noqa: S608


def nearest_clips(store: Database, folders: HomeFolders, *, k: int) -> NearestClips:
    """Return the k nearest other clips of every usable clip in the latent space in use.

    There are none if no latent space has been fitted, or its file cannot be read.
    """
    row = newest_space(store)
    rows = store.read(_VECTORS, [row["model_fingerprint"]]) if row else None
    if row is None or rows is None or not rows.num_rows:
        return NearestClips.none()
    try:
        space = read_latent_space(store, folders, models={row["model_fingerprint"]})
    except LatentSpaceError:
        return NearestClips.none()
    clip_ids = rows["clip_id"].to_pylist()
    coordinates, _ = space.locate(clip_ids, matrix_of(rows, "embedding"))
    return NearestClips.of(clip_ids, coordinates, k=k)


def is_usable(row: dict[str, Any], folders: HomeFolders, *, fit_key: str) -> bool:
    """Return whether a stored latent space has this fit key and its file can be read."""
    if row["fit_key"] != fit_key:
        return False
    try:
        load_latent_space(folders.root / row["path"])
    except LatentSpaceError:
        return False
    return True


def space_row(
    space: LatentSpace,
    *,
    vectors: pa.Table,
    left_out: Mapping[str, str],
    fit_key: str,
    path: str,
) -> pa.Table:
    """Return the row of `latent_spaces` for a new fit, with the current time.

    Args:
        space: the fitted latent space.
        vectors: the rows of `embeddings` that it was fitted on.
        left_out: why a class was left out, by class.
        fit_key: hash of the inputs of the fit.
        path: file of the fit, relative to the home folder.
    """
    row = {
        "space_id": space.space_id,
        "model_fingerprint": vectors["model_fingerprint"][0].as_py(),
        "fit_key": fit_key,
        "created_at": timestamp_now(),
        "clips": len(space.clip_ids),
        "classes": sorted(set(vectors["class_name"].to_pylist())),
        "left_out": reasons(left_out),
        "components": space.components,
        "explained_variance": space.explained_variance,
        "trustworthiness": space.trustworthiness,
        "clusters": space.clusters.count,
        "noise_share": space.clusters.noise_share,
        "stability": space.clusters.mean_stability,
        "path": path,
    }
    return LATENT_SPACES.from_rows([row])


def reasons(left_out: Mapping[str, str]) -> list[str]:
    """Return the classes that a fit left out with the reason, as the table stores them."""
    return [f"{name}: {reason}" for name, reason in sorted(left_out.items())]


def placed_rows(vectors: pa.Table, space_id: str, placed: Any) -> pa.Table:
    """Return rows of clips placed in a latent space: their identity, and the fields of `placed`.

    Args:
        vectors: the clips' rows of `embeddings`.
        space_id: identity of the latent space.
        placed: a dataclass of (n,) arrays named like the table's columns.
    """
    return pa.table(
        {
            "clip_id": vectors["clip_id"],
            "class_name": vectors["class_name"],
            "space_id": pa.array([space_id] * vectors.num_rows, pa.string()),
            **{field.name: pa.array(getattr(placed, field.name)) for field in fields(placed)},
        }
    )
