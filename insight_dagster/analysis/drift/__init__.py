"""Drift since a baseline: did performance or data change, in which part, and how surely.

`snapshot` freezes clips, `comparison` compares two snapshots, `rows` stores the result, and
`evaluation` (with `performance/evaluation` and `data/evaluation`) says what is alarming. The
statistics are in `performance/` (accuracy, loss, calibration) and `data/` (metadata, embeddings).
No database and no Dagster here. Definitions and measurements: `docs/explanation/drift.md`.
"""

from insight_dagster.analysis.drift.data.data_drift import DataDrift
from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift, embedding_drift
from insight_dagster.analysis.drift.data.evaluation import evaluate_data
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift, field_drift
from insight_dagster.analysis.drift.evaluation import Evaluation, Level
from insight_dagster.analysis.drift.performance.evaluation import evaluate_performance
from insight_dagster.analysis.drift.performance.metrics import (
    PerformanceMetrics,
    expected_calibration_error,
    performance_metrics,
)
from insight_dagster.analysis.drift.performance.performance_drift import (
    PerformanceDrift,
    performance_drift,
)
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips

__all__ = [
    "DataDrift",
    "EmbeddingDrift",
    "Evaluation",
    "FieldDrift",
    "Level",
    "PerformanceDrift",
    "PerformanceMetrics",
    "ScoredClips",
    "embedding_drift",
    "evaluate_data",
    "evaluate_performance",
    "expected_calibration_error",
    "field_drift",
    "performance_drift",
    "performance_metrics",
]
