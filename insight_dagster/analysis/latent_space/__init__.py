"""The coordinate system that all classes share: principal components, 2-D layout, clusters.

`fitting` fits a `LatentSpace` (defined in `latent_space`); `projection`, `clusters` and `coverage`
locate clips in a fitted one. The algorithms under them are in `tsne_layout`, `cluster_model`
(HDBSCAN) and `density_range`.
"""
