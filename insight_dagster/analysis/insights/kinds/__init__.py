"""One module per kind of insight."""
