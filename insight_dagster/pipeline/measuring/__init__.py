"""One pass over a class's clips: embeddings and metadata from the same decoded frames."""
