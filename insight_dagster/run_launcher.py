"""Former module of `WatchedRunLauncher`, named in `dagster.yaml` of 0.1 homes; removed in 0.3."""

from insight_dagster.orchestration.run_launcher import WatchedRunLauncher

__all__ = ["WatchedRunLauncher"]
