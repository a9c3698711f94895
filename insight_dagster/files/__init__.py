"""Atomic writing, deletion of leftovers, and the layout of a home folder."""
