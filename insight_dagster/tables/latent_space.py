"""Tables of the fitted latent spaces, and of the clips placed in them."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, MODEL, SEQUENCE, SPACE

LATENT_SPACES = Table(
    "latent_spaces",
    "Fitted latent spaces: scaler, PCA, 2-D layout and cluster model.",
    ("space_id",),
    (
        SPACE,
        MODEL,
        text("fit_key", "hash of the clips, the model and the settings of the fit"),
        SEQUENCE,
        Column("created_at", "TIMESTAMP", "when it was fitted (UTC)"),
        whole("clips", "clips it was fitted on"),
        Column("classes", "VARCHAR[]", "classes it was fitted on"),
        Column("left_out", "VARCHAR[]", "classes without trusted vectors, each with the reason"),
        whole("components", "principal components kept"),
        real("explained_variance", "share of variance that the components explain", "0-1"),
        real("trustworthiness", "trustworthiness of the 2-D layout, 15 neighbours", "0-1", True),
        whole("clusters", "clusters found"),
        real("noise_share", "share of clips in no cluster", "0-1"),
        real("stability", "mean Jaccard similarity of clusters found in subsamples", "0-1", True),
        text("path", "file of the fitted arrays, relative to the home folder"),
    ),
    partition_column="space_id",
)

PROJECTION = Table(
    "projection",
    "2-D coordinates of the clips in the latent space.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        SPACE,
        real("x", "t-SNE, horizontal"),
        real("y", "t-SNE, vertical"),
        real("pca_x", "first principal component"),
        real("pca_y", "second principal component"),
        Column("fitted", "BOOLEAN", "true: part of the fit; false: placed after it"),
    ),
)

CLUSTERS = Table(
    "clusters",
    "Clusters of the clips: dense groups in the latent space, with soft membership.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        SPACE,
        whole("cluster", "number of the cluster, -1 = none"),
        real("strength", "strength of the membership", "0-1"),
    ),
)
