"""The coordinate system that all classes share: scaler, PCA, 2-D layout, cluster model.

Fitting, transforming and keeping the fitted arrays belong here; the layout's and the clusters'
own algorithms do not (`projection`, `clusters`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.latent_space.clusters import ClusterModel, fit_clusters
from insight_dagster.analysis.latent_space.coverage import density_range
from insight_dagster.analysis.latent_space.projection import fit_layout
from insight_dagster.analysis.numerics.principal_axes import principal_axes, scaling
from insight_dagster.errors import LatentSpaceError, NotEnoughClipsError

MINIMUM_CLIPS = 8
FORMAT_VERSION = 2
# Coordinates are rounded so that the batch a clip arrived in (which changes the last bits of a
# matrix product, as the number of threads does) cannot show in anything computed from them.
_DECIMALS = 8
_TRUST_NEIGHBOURS = 15
_TRUST_SAMPLE = 2_000


@dataclass(frozen=True)
class LatentSpace:
    """A fitted latent space; rows are the fitted clips in the order of `clip_ids` (sorted).

    Attributes:
        clip_ids: (n,) str identities of the fitted clips.
        taps: name and width of every block of the embedding, in order.
        mean, weight: (d,) what is subtracted from and multiplied onto an embedding.
        axes: (k, d) principal axes, each with its largest entry positive.
        variance_shares: (k,) share of the scaled variance along every axis.
        coordinates: (n, k) principal components of the fitted clips.
        layout: (n, 2) t-SNE of the fitted clips.
        clusters: the cluster model.
        perplexity: of the layout, as used.
        trustworthiness: of the layout, 15 neighbours, on at most 2,000 clips; NaN when too few.
        density_range: distance that the fifth neighbour of 95 % of the fitted clips keeps.
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
                    f"a latent space's {name} must be {shape}, got {getattr(self, name).shape}; "
                    "materialize latent_space again"
                )

    @property
    def dimension(self) -> int:
        """Width of the embeddings that the space takes."""
        return int(self.axes.shape[1])

    @property
    def components(self) -> int:
        """Principal components kept."""
        return len(self.axes)

    @property
    def explained_variance(self) -> float:
        """Share of the scaled variance that the components explain."""
        return float(self.variance_shares.sum())

    @property
    def space_id(self) -> str:
        """Identity: a hash of the fitted arrays, 16 hex digits."""
        digest = hashlib.blake2b(digest_size=8)
        for name, values in sorted(_to_arrays(self).items()):
            digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def transform(self, embeddings: np.ndarray) -> np.ndarray:
        """Principal components (n, k) of embeddings (n, d), each row on its own.

        Raises:
            LatentSpaceError: the embeddings have another width than the space was fitted on.
        """
        embeddings = np.asarray(embeddings)
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dimension:
            raise LatentSpaceError(
                f"embeddings of shape {embeddings.shape} do not fit a latent space of width "
                f"{self.dimension}; materialize latent_space again for the present model"
            )
        return _apply(embeddings, self.mean, self.weight, self.axes)

    def locate(
        self, clip_ids: Sequence[str], embeddings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (n, k) of clips and their rows (n,) in the fit, -1 for clips not in it."""
        coordinates = self.transform(embeddings)
        wanted = np.asarray(clip_ids, dtype=str)
        if wanted.shape != (len(coordinates),):
            raise LatentSpaceError(
                f"{wanted.shape} clip ids came with {len(coordinates)} embeddings; pass one each"
            )
        rows = np.minimum(np.searchsorted(self.clip_ids, wanted), len(self.clip_ids) - 1)
        rows = np.where(self.clip_ids[rows] == wanted, rows, -1)
        coordinates[rows >= 0] = self.coordinates[rows[rows >= 0]]
        return coordinates, rows

    def save(self, path: Path) -> None:
        """Write the space as one .npz of plain arrays, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        with partial.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **_to_arrays(self))
        partial.replace(path)


def load_latent_space(path: Path) -> LatentSpace:
    """Read a space that `LatentSpace.save` wrote; nothing in it is unpickled.

    Raises:
        LatentSpaceError: the file is missing, damaged, or of another format version.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return _from_arrays({name: stored[name] for name in stored.files})
    except FileNotFoundError as problem:
        raise LatentSpaceError(f"{path} does not exist; materialize latent_space") from problem
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as problem:
        raise LatentSpaceError(
            f"{path} is not a latent space of this version ({problem}); materialize latent_space"
        ) from problem


def fit_latent_space(
    embeddings: np.ndarray,
    clip_ids: Sequence[str],
    *,
    taps: Sequence[tuple[str, int]],
    use: Sequence[str] = (),
    components: int = 50,
    perplexity: float = 30.0,
    min_cluster_size: int = 8,
    min_samples: int = 2,
    cluster_dimensions: int = 16,
    seed: int = 0,
) -> LatentSpace:
    """Fit scaler, PCA, 2-D layout and clusters on all clips; the row order does not matter.

    Each tap brings the same total variance, however wide it is (`principal_axes.scaling`).

    Args:
        embeddings: (n, d) float, taps one after the other.
        clip_ids: (n,) identities, all different.
        taps: name and width of every block; widths add up to d.
        use: names of the blocks that count; default: all.
        components: principal components wanted, clipped to min(n - 1, d).
        perplexity: of t-SNE, clipped to (n - 1) / 3.
        min_cluster_size: fewest clips in a cluster.
        min_samples: neighbours that define density for the clusters.
        cluster_dimensions: leading components that clusters are looked for in.
        seed: of the layout.

    Raises:
        NotEnoughClipsError: fewer than 8 clips.
        LatentSpaceError: shapes that do not fit, repeated ids, values not finite, unknown blocks.
    """
    embeddings, ids = _checked(embeddings, clip_ids, taps)
    mean, weight = scaling(embeddings, [width for _, width in taps])
    weight *= _counts(taps, use)
    axes, shares = principal_axes((embeddings - mean) * weight, components)
    coordinates = _apply(embeddings, mean, weight, axes)
    perplexity = min(perplexity, (len(ids) - 1) / 3)
    layout = fit_layout(coordinates, perplexity=perplexity, seed=seed)
    clusters = fit_clusters(
        coordinates,
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        dimensions=cluster_dimensions,
    )
    return LatentSpace(
        clip_ids=ids,
        taps=tuple((str(name), int(width)) for name, width in taps),
        mean=mean,
        weight=weight,
        axes=axes,
        variance_shares=shares,
        coordinates=coordinates,
        layout=layout,
        clusters=clusters,
        perplexity=float(perplexity),
        trustworthiness=_trustworthiness(coordinates, layout, seed),
        density_range=density_range(coordinates),
    )


def _checked(
    embeddings: np.ndarray, clip_ids: Sequence[str], taps: Sequence[tuple[str, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings, float64, and clip ids, both in the order of the ids."""
    embeddings, ids = np.asarray(embeddings), np.asarray(clip_ids, dtype=str)
    width = sum(width for _, width in taps)
    if embeddings.ndim != 2 or ids.shape != embeddings.shape[:1] or embeddings.shape[1] != width:
        raise LatentSpaceError(
            f"embeddings {embeddings.shape}, clip ids {ids.shape} and taps of total width {width} "
            "do not fit together; all must come from one run of one model"
        )
    if len(ids) < MINIMUM_CLIPS:
        raise NotEnoughClipsError(
            f"a latent space needs at least {MINIMUM_CLIPS} clips that could be decoded, got "
            f"{len(ids)}; add clips to the library or look into its quarantine"
        )
    if len(np.unique(ids)) != len(ids):
        raise LatentSpaceError("clip ids repeat; a latent space takes every clip once")
    if not np.isfinite(embeddings).all():
        bad = ids[~np.isfinite(embeddings).all(axis=1)]
        raise LatentSpaceError(f"embeddings of {len(bad)} clips are not finite, first {bad[0]}")
    order = np.argsort(ids, kind="stable")
    return embeddings[order].astype(np.float64), ids[order]


def _counts(taps: Sequence[tuple[str, int]], use: Sequence[str]) -> np.ndarray:
    """(d,) 1 for features of the blocks that are used, 0 for the others."""
    names = [name for name, _ in taps]
    if set(use) - set(names):
        raise LatentSpaceError(
            f"the embedding has no layer {', '.join(sorted(set(use) - set(names)))}; the setting "
            f"taps takes {', '.join(names)}"
        )
    return np.concatenate([np.full(width, float(not use or name in use)) for name, width in taps])


def _apply(
    embeddings: np.ndarray, mean: np.ndarray, weight: np.ndarray, axes: np.ndarray
) -> np.ndarray:
    scaled = (embeddings.astype(np.float64) - mean) * weight
    with threadpool_limits(1, user_api="blas"):
        return np.round(scaled @ axes.T, _DECIMALS) + 0.0


def _trustworthiness(coordinates: np.ndarray, layout: np.ndarray, seed: int) -> float:
    rows = np.arange(len(layout))
    if len(rows) > _TRUST_SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), _TRUST_SAMPLE, replace=False))
    neighbours = min(_TRUST_NEIGHBOURS, (len(rows) - 1) // 2)
    if neighbours < 1 or not layout.any():
        return float("nan")
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(coordinates[rows], layout[rows], n_neighbors=neighbours))


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
        raise ValueError(f"format version {version}, not {FORMAT_VERSION}")
    names, widths = arrays.pop("tap_names"), arrays.pop("tap_widths")
    plain: dict[str, Any] = {n: v.item() if v.ndim == 0 else v for n, v in arrays.items()}
    clusters = {n.removeprefix("clusters_"): v for n, v in plain.items() if n[:9] == "clusters_"}
    rest = {name: values for name, values in plain.items() if name[:9] != "clusters_"}
    taps = tuple((str(name), int(width)) for name, width in zip(names, widths, strict=True))
    return LatentSpace(**rest, taps=taps, clusters=ClusterModel(**clusters))
