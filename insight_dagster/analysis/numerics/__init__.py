"""Numerical methods on plain arrays, shared by latent space, insights and drift.

Statistics: `intervals`, `effect_sizes`, `permutation`, `resampling`, `multiple_testing`. Geometry:
`neighbours`, `principal_axes`. Nothing here knows clips, classes or tables.
"""
