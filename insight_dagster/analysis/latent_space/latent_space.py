"""`LatentSpace`: the arrays of a fitted latent space, and its file.

Transforming embeddings, looking up fitted clips, saving and loading belong here; fitting does not
(`fitting`), nor does placing new clips in layout and clusters (`projection`, `clusters`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.latent_space.cluster_model import ClusterModel
from insight_dagster.errors import LatentSpaceError
from insight_dagster.files.atomic import write_atomically

FORMAT_VERSION = 2
# Batch size and number of threads change the last bits of a matrix product. Coordinates are
# rounded so that this cannot affect anything computed from them.
_DECIMALS = 8


@dataclass(frozen=True)
class LatentSpace:
    """A fitted latent space; rows are the fitted clips, sorted by clip id.

    Attributes:
        clip_ids: (n,) str ids of the fitted clips.
        taps: name and width of every block of the embedding, in order.
        mean, weight: (d,) an embedding is centred by `mean`, then multiplied by `weight`.
        axes: (k, d) principal axes, each with its largest entry positive.
        variance_shares: (k,) share of the scaled variance along every axis.
        coordinates: (n, k) principal components of the fitted clips.
        layout: (n, 2) t-SNE layout of the fitted clips.
        clusters: fitted cluster model.
        perplexity: t-SNE perplexity that was used.
        trustworthiness: trustworthiness of the layout (15 neighbours, at most 2,000 clips); NaN
            with too few clips.
        density_range: 95 % quantile of the fitted clips' distance to their fifth neighbour.
    """

    clip_ids: np.ndarray
    taps: tuple[tuple[str, int], ...]
    mean: np.ndarray
    weight: np.ndarray
    axes: np.ndarray
    variance_shares: np.ndarray
    coordinates: np.ndarray
    layout: np.ndarray
    clusters: ClusterModel
    perplexity: float
    trustworthiness: float
    density_range: float

    def __post_init__(self) -> None:
        shapes = {
            "coordinates": (len(self.clip_ids), len(self.axes)),
            "layout": (len(self.clip_ids), 2),
            "axes": (len(self.axes), sum(width for _, width in self.taps)),
            "mean": (self.dimension,),
            "weight": (self.dimension,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise LatentSpaceError(
                    f"`{name}` of a latent space must have shape {shape}, got "
                    f"{getattr(self, name).shape}; materialize latent_space again"
                )

    @property
    def dimension(self) -> int:
        """Width of the embeddings that the space was fitted on."""
        return int(self.axes.shape[1])

    @property
    def components(self) -> int:
        """Number of principal components."""
        return len(self.axes)

    @property
    def explained_variance(self) -> float:
        """Share of the scaled variance that the principal components explain."""
        return float(self.variance_shares.sum())

    @property
    def space_id(self) -> str:
        """Hash of the fitted arrays, 16 hex digits."""
        digest = hashlib.blake2b(digest_size=8)
        for name, values in sorted(_to_arrays(self).items()):
            digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def transform(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the principal components (n, k) of embeddings (n, d).

        Raises:
            LatentSpaceError: the embeddings are not as wide as those that the space was fitted on.
        """
        embeddings = np.asarray(embeddings)
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dimension:
            raise LatentSpaceError(
                f"embeddings of shape {embeddings.shape} do not fit a latent space of width "
                f"{self.dimension}; materialize latent_space again for the current model"
            )
        return principal_components(embeddings, self.mean, self.weight, self.axes)

    def locate(
        self, clip_ids: Sequence[str], embeddings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates (n, k) of clips and their rows (n,) in the fit (-1: not fitted)."""
        coordinates = self.transform(embeddings)
        ids = np.asarray(clip_ids, dtype=str)
        if ids.shape != (len(coordinates),):
            raise LatentSpaceError(
                f"clip_ids has shape {ids.shape}, but there are {len(coordinates)} embeddings; "
                "pass one clip id per embedding"
            )
        rows = np.minimum(np.searchsorted(self.clip_ids, ids), len(self.clip_ids) - 1)
        rows = np.where(self.clip_ids[rows] == ids, rows, -1)
        coordinates[rows >= 0] = self.coordinates[rows[rows >= 0]]
        return coordinates, rows

    def save(self, path: Path) -> None:
        """Write the space to one .npz file of plain arrays, atomically."""

        def write(draft: Path) -> None:
            with draft.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, **_to_arrays(self))

        write_atomically(path, write)


def load_latent_space(path: Path) -> LatentSpace:
    """Read a space that `LatentSpace.save` wrote (without unpickling anything).

    Raises:
        LatentSpaceError: the file is missing, damaged, or of another format version.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return _from_arrays({name: stored[name] for name in stored.files})
    except FileNotFoundError as problem:
        raise LatentSpaceError(
            f"{path} does not exist; materialize latent_space again"
        ) from problem
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as problem:
        raise LatentSpaceError(
            f"{path} is not a latent space of this version ({problem}); "
            "materialize latent_space again"
        ) from problem


def principal_components(
    embeddings: np.ndarray, mean: np.ndarray, weight: np.ndarray, axes: np.ndarray
) -> np.ndarray:
    """Return the principal components (n, k) of embeddings (n, d), rounded to 8 decimals."""
    scaled = (embeddings.astype(np.float64) - mean) * weight
    with threadpool_limits(1, user_api="blas"):
        return np.round(scaled @ axes.T, _DECIMALS) + 0.0


def _to_arrays(space: LatentSpace) -> dict[str, np.ndarray]:
    arrays = {
        "format_version": np.array(FORMAT_VERSION),
        "tap_names": np.array([name for name, _ in space.taps], dtype=str),
        "tap_widths": np.array([width for _, width in space.taps]),
    }
    for field in fields(space):
        if field.name not in ("taps", "clusters"):
            arrays[field.name] = np.asarray(getattr(space, field.name))
    for field in fields(space.clusters):
        arrays[f"clusters_{field.name}"] = np.asarray(getattr(space.clusters, field.name))
    return arrays


def _from_arrays(arrays: dict[str, np.ndarray]) -> LatentSpace:
    version = int(arrays.pop("format_version"))
    if version != FORMAT_VERSION:
        raise ValueError(f"format version is {version}, expected {FORMAT_VERSION}")
    names, widths = arrays.pop("tap_names"), arrays.pop("tap_widths")
    plain: dict[str, Any] = {n: v.item() if v.ndim == 0 else v for n, v in arrays.items()}
    clusters = {n.removeprefix("clusters_"): v for n, v in plain.items() if n[:9] == "clusters_"}
    rest = {name: values for name, values in plain.items() if name[:9] != "clusters_"}
    taps = tuple((str(name), int(width)) for name, width in zip(names, widths, strict=True))
    return LatentSpace(**rest, taps=taps, clusters=ClusterModel(**clusters))
