"""The coordinate system that all classes share: fit, 2-D layout, clusters, density range."""
