"""The former place of `WatchedRunLauncher`, which the `dagster.yaml` of homes made by 0.1 names."""

from insight_dagster.orchestration.run_launcher import WatchedRunLauncher

__all__ = ["WatchedRunLauncher"]
