"""One module per kind of insight (`registry` lists them), and what several kinds share."""
