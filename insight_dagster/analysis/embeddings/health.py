"""Whether stored vectors can be trusted: complete, finite, of one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.clip_library.pending_clips import usable_rows
from insight_dagster.tables.arrays import matrix_of


@dataclass(frozen=True)
class EmbeddingHealth:
    """Counts behind the verdict on one class's vectors."""

    usable_clips: int
    vectors: int
    missing: int
    not_finite: int
    dimension: int
    models: tuple[str, ...]

    @property
    def superfluous(self) -> int:
        """Vectors of clips that are not in the manifest or are quarantined."""
        return self.vectors - (self.usable_clips - self.missing)

    @property
    def passed(self) -> bool:
        """Nothing missing, superfluous or not finite, and at most one model."""
        return not self.problem

    @property
    def problem(self) -> str | None:
        """What is wrong in words; None where nothing is."""
        found = {
            f"{self.missing} of {self.usable_clips} usable clips have no vector": self.missing,
            f"{self.superfluous} vectors are of no usable clip": self.superfluous,
            f"{self.not_finite} vectors are not finite": self.not_finite,
            f"vectors of {len(self.models)} models are mixed": max(0, len(self.models) - 1),
        }
        return "; ".join(text for text, count in found.items() if count) or None

    def facts(self) -> dict[str, int | str]:
        """The counts by name."""
        return {
            "usable_clips": self.usable_clips,
            "vectors": self.vectors,
            "missing": self.missing,
            "superfluous": self.superfluous,
            "not_finite": self.not_finite,
            "dimension": self.dimension,
            "models": ", ".join(self.models),
        }


def inspect_embeddings(manifest: pa.Table, embeddings: pa.Table) -> EmbeddingHealth:
    """Compare the vectors of a class with its manifest."""
    wanted = set(usable_rows(manifest)["clip_id"].to_pylist())
    present = set(embeddings["clip_id"].to_pylist())
    vectors = matrix_of(embeddings, "embedding")
    return EmbeddingHealth(
        usable_clips=len(wanted),
        vectors=embeddings.num_rows,
        missing=len(wanted - present),
        not_finite=int((~np.isfinite(vectors).all(axis=1)).sum()),
        dimension=vectors.shape[1],
        models=tuple(sorted(set(embeddings["model_fingerprint"].to_pylist()))),
    )
