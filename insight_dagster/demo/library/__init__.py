"""The demo library as files: rendering, encoding, planted faults, later deliveries."""
