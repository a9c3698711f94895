"""The shared latent space: its rows, its refit, and the clips placed in it."""
