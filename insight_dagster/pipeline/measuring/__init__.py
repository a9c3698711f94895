"""The one pass over a class's clips that gives embeddings and metadata from the same frames."""
