"""Tables of the fitted coordinate systems, and of the clips placed in one."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, MODEL, SPACE

LATENT_SPACES = Table(
    "latent_spaces",
    "The fitted coordinate systems: scaler, PCA, 2-D layout, cluster model.",
    ("space_id",),
    (
        SPACE,
        MODEL,
        text("fit_key", "hash of the clips, the model and the settings of the fit"),
        Column("created_at", "TIMESTAMP", "when it was fitted (UTC)"),
        whole("clips", "clips it was fitted on"),
        Column("classes", "VARCHAR[]", "classes it was fitted on"),
        Column("left_out", "VARCHAR[]", "classes whose vectors could not be trusted, with why"),
        whole("components", "principal components kept"),
        real("explained_variance", "share of variance they explain", "0-1"),
        real("trustworthiness", "of the 2-D layout, 15 neighbours", "0-1", True),
        whole("clusters", "clusters found"),
        real("noise_share", "share of clips in no cluster", "0-1"),
        real("stability", "mean Jaccard similarity of clusters found in subsamples", "0-1", True),
        text("path", "fitted arrays, relative to the home folder"),
    ),
    partition_column="space_id",
)

PROJECTION = Table(
    "projection",
    "A clip's 2-D coordinates in the latent space.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        SPACE,
        real("x", "t-SNE, horizontal"),
        real("y", "t-SNE, vertical"),
        real("pca_x", "first principal component"),
        real("pca_y", "second principal component"),
        Column("fitted", "BOOLEAN", "true: part of the fit; false: transformed into it"),
    ),
)

CLUSTERS = Table(
    "clusters",
    "Dense groups in the latent space, with soft membership.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        SPACE,
        whole("cluster", "cluster number, -1 = none"),
        real("strength", "membership strength", "0-1"),
    ),
)
