"""The demo: a rendered clip library with planted faults, and the small model trained on its like.

Drawing, encoding, fault planting and demo training belong here; analysis of clips does not.
"""
