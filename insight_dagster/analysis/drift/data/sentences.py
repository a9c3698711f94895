"""Sentences about changed metadata and embeddings, with their numbers.

Wording belongs here; which changes are reported does not (`data/evaluation`).
"""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
from insight_dagster.analysis.drift.number_format import note, p_value_text, short_number

_LISTED = 5


def field_sentence(field: FieldDrift) -> str:
    """Return e.g. `metadata: brightness lower on 40 new clips (median 118 -> 97, ...)`."""
    medians = f"median {field.baseline_median:.4g} -> {field.current_median:.4g}"
    distance = f"distance {short_number(field.distance)} standard deviations"
    return (
        f"metadata: {field.name} {field.direction} on {field.current_clips} new clips ({medians}, "
        f"{distance}, {p_value_text(field.adjusted_p)}){note(field.reason)}"
    )


def embedding_sentence(embedding: EmbeddingDrift) -> str:
    """Return e.g. `embedding: 40 new clips lie apart from 100 of the baseline (AUC .74, ...)`."""
    evidence = f"AUC {short_number(embedding.auc)}, {p_value_text(embedding.p_value)}"
    return (
        f"embedding: {embedding.current_clips} new clips lie apart from {embedding.baseline_clips} "
        f"of the baseline ({evidence}){note(embedding.reason)}"
    )


def untested_fields(fields: Sequence[FieldDrift]) -> list[str]:
    """Return one sentence per reason, listing the fields that were not tested for it."""
    names: dict[str, list[str]] = {}
    for each in fields:
        if not each.tested:
            names.setdefault(each.reason, []).append(each.name)
    return [f"metadata ({_listed(found)}): {reason}" for reason, found in names.items()]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
