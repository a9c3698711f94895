"""What fits, statistics and nights run with, as a Dagster resource (shown in the UI)."""

from pathlib import Path
from typing import Any

import dagster as dg

from insight_dagster.pipeline.clip_table import UserData


class AnalysisOptions(dg.ConfigurableResource):
    """Meaning and defaults: `insight_dagster.settings.Settings`."""

    seed: int = 0
    components: int = 50
    perplexity: float = 30.0
    taps: list[str] = []  # noqa: RUF012 - a field, which pydantic copies
    min_cluster_size: int = 8
    fdr: float = 0.05
    heatmaps_per_insight: int = 6
    batch_size: int = 8
    workers: int = 2
    shard_clips: int = 500
    auto_promote: bool = False
    metadata_file: str | None = None
    populations: dict[str, Any] = {}  # noqa: RUF012
    contrasts: dict[str, Any] = {}  # noqa: RUF012
    filter_seconds: float = 10.0

    def user_data(self) -> UserData:
        """Return what the settings add to the clips."""
        return UserData(
            metadata_file=Path(self.metadata_file) if self.metadata_file else None,
            populations=self.populations,
            contrasts=self.contrasts,
            filter_seconds=self.filter_seconds,
        )

    def fit_settings(self) -> dict[str, Any]:
        """What a latent space is fitted with."""
        return {
            "components": self.components,
            "perplexity": self.perplexity,
            "min_cluster_size": self.min_cluster_size,
            "seed": self.seed,
            **({"use": list(self.taps)} if self.taps else {}),
        }
