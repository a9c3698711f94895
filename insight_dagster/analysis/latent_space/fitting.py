"""Fitting of a latent space: scaling, PCA, 2-D layout, clusters, density range.

How the parts are fitted together belongs here; the fitted type does not (`latent_space`), nor do
the algorithms of the parts (`tsne_layout`, `cluster_model`, `density_range`, `numerics`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.latent_space.cluster_model import fit_clusters
from insight_dagster.analysis.latent_space.density_range import density_range
from insight_dagster.analysis.latent_space.latent_space import LatentSpace, principal_components
from insight_dagster.analysis.latent_space.tsne_layout import fit_layout
from insight_dagster.analysis.numerics.principal_axes import principal_axes, scaling
from insight_dagster.errors import LatentSpaceError, NotEnoughClipsError

# Increase when the fit itself changes: latent spaces of older versions are then fitted again.
FIT_VERSION = 2
MINIMUM_CLIPS = 8
_TRUST_NEIGHBOURS = 15
_TRUST_SAMPLE = 2_000


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
    """Fit scaling, PCA, 2-D layout and clusters on all clips; the row order does not matter.

    Every tap contributes the same total variance, whatever its width (`principal_axes.scaling`).

    Args:
        embeddings: (n, d) float, the taps concatenated.
        clip_ids: (n,) unique clip ids.
        taps: name and width of every tap; widths add up to d.
        use: names of the taps to fit on; () = all.
        components: number of principal components, clipped to min(n - 1, d).
        perplexity: t-SNE perplexity, clipped to (n - 1) / 3.
        min_cluster_size: smallest number of clips in a cluster.
        min_samples: number of neighbours that defines density for the clusters.
        cluster_dimensions: number of leading components that clusters are fitted in.
        seed: seed of the layout.

    Raises:
        NotEnoughClipsError: fewer than 8 clips.
        LatentSpaceError: shapes do not match, ids repeat, a value is not finite, unknown tap.
    """
    embeddings, ids = _validated(embeddings, clip_ids, taps)
    mean, weight = scaling(embeddings, [width for _, width in taps])
    weight *= _tap_mask(taps, use)
    axes, shares = principal_axes((embeddings - mean) * weight, components)
    coordinates = principal_components(embeddings, mean, weight, axes)
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


def _validated(
    embeddings: np.ndarray, clip_ids: Sequence[str], taps: Sequence[tuple[str, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings (float64) and clip ids, both sorted by clip id."""
    embeddings, ids = np.asarray(embeddings), np.asarray(clip_ids, dtype=str)
    width = sum(width for _, width in taps)
    if embeddings.ndim != 2 or ids.shape != embeddings.shape[:1] or embeddings.shape[1] != width:
        raise LatentSpaceError(
            f"shapes do not match: embeddings {embeddings.shape}, clip ids {ids.shape}, taps of "
            f"total width {width}; pass the outputs of one run of one model"
        )
    if len(ids) < MINIMUM_CLIPS:
        raise NotEnoughClipsError(
            f"a latent space needs at least {MINIMUM_CLIPS} usable clips, got {len(ids)}; add "
            "clips to the library, or fix the quarantined ones"
        )
    if len(np.unique(ids)) != len(ids):
        raise LatentSpaceError(
            f"clip ids repeat ({len(np.unique(ids))} of {len(ids)} differ); pass each clip once"
        )
    if not np.isfinite(embeddings).all():
        bad = ids[~np.isfinite(embeddings).all(axis=1)]
        raise LatentSpaceError(
            f"embeddings of {len(bad)} clips are not finite, first {bad[0]}; materialize "
            "embeddings again"
        )
    order = np.argsort(ids, kind="stable")
    return embeddings[order].astype(np.float64), ids[order]


def _tap_mask(taps: Sequence[tuple[str, int]], use: Sequence[str]) -> np.ndarray:
    """Return (d,) 1 for features of the taps that are used, 0 for the others."""
    names = [name for name, _ in taps]
    if set(use) - set(names):
        raise LatentSpaceError(
            f"the embedding has no layer {', '.join(sorted(set(use) - set(names)))}; set `taps` to "
            f"names out of {', '.join(names)}"
        )
    return np.concatenate([np.full(width, float(not use or name in use)) for name, width in taps])


def _trustworthiness(coordinates: np.ndarray, layout: np.ndarray, seed: int) -> float:
    rows = np.arange(len(layout))
    if len(rows) > _TRUST_SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), _TRUST_SAMPLE, replace=False))
    neighbours = min(_TRUST_NEIGHBOURS, (len(rows) - 1) // 2)
    if neighbours < 1 or not layout.any():
        return float("nan")
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(coordinates[rows], layout[rows], n_neighbors=neighbours))


def fit_key(embeddings: pa.Table, *, settings: Mapping[str, Any]) -> str:
    """Return a hash of a fit's inputs: clips, model and settings.

    Args:
        embeddings: rows of `embeddings`, in any order.
        settings: names and values of the settings that the fit depends on.
    """
    columns = ("clip_id", "content_key", "model_fingerprint")
    rows = sorted(zip(*(embeddings[name].to_pylist() for name in columns), strict=True))
    text = json.dumps([FIT_VERSION, rows, sorted(settings.items())])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
