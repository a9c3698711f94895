"""The drift engine: did performance or data drift since a baseline, by which part, how sure.

What is compared (`scored_clips`), the figures of one night (`figures`), the same clips then and
now (`model_change`), new clips beside old ones (`population_change`), both together
(`performance_drift`), metadata (`data_drift`), latent vectors (`latent_drift`), and what is
alarming (`judgement`).
No database, no Dagster, no drawing. Definitions and what was measured: `docs/explanation/drift.md`.
"""

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift, embedding_drift
from insight_dagster.analysis.drift.data.metadata_drift import DataDrift, FieldDrift, field_drift
from insight_dagster.analysis.drift.judgement import (
    Judgement,
    Level,
    judge_data,
    judge_performance,
)
from insight_dagster.analysis.drift.performance.figures import (
    Figures,
    expected_calibration_error,
    figures,
)
from insight_dagster.analysis.drift.performance.performance_drift import (
    PerformanceDrift,
    performance_drift,
)
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips

__all__ = [
    "DataDrift",
    "EmbeddingDrift",
    "FieldDrift",
    "Figures",
    "Judgement",
    "Level",
    "PerformanceDrift",
    "ScoredClips",
    "embedding_drift",
    "expected_calibration_error",
    "field_drift",
    "figures",
    "judge_data",
    "judge_performance",
    "performance_drift",
]
