"""The latent space that all classes share: its rows, its refit, and placing clips in it."""
