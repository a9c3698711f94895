"""What the assets share: running a step class by class, reporting checks, metadata for the UI."""
