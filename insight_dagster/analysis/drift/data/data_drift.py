"""Data drift of a class: metadata and embedding of its new clips compared with its baseline.

The result type belongs here; how its parts are measured does not (`metadata_drift`,
`embedding_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift


@dataclass(frozen=True)
class DataDrift:
    """How the new clips of a class differ from its baseline.

    Attributes:
        baseline_clips: clips of the baseline, scorable or not.
        new_clips: clips whose content the baseline does not hold.
        fields: drift of each metadata field.
        embedding: drift of the embeddings.
    """

    baseline_clips: int
    new_clips: int
    fields: tuple[FieldDrift, ...]
    embedding: EmbeddingDrift
