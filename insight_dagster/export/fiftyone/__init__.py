"""A FiftyOne dataset: samples, insights as tags and saved views, heatmaps."""
