"""A clip's embedding and prediction, and whether the vectors of a class can be trusted."""
