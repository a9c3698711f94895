"""Primitives that the demo's scenes are drawn with."""
