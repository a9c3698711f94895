"""Distances between the metadata and embeddings of two populations of clips."""
