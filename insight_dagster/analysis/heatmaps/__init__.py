"""Heatmaps of where the model looked in a clip: Grad-CAM volumes and their pictures."""
