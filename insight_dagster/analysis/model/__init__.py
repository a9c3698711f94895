"""The video classifier: weights, preprocessing, inference engines, second embedding."""
