"""Health of a class's stored embeddings: complete, finite, and of a single model.

Counting what is wrong belongs here; what a check or a later step makes of it does not
(`analysis/checks/embeddings`, `pipeline/trusted_vectors`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.clip_library.pending_clips import usable_rows
from insight_dagster.tables.arrays import matrix_of


@dataclass(frozen=True)
class EmbeddingHealth:
    """Counts of what is right and wrong with the vectors of one class.

    Attributes:
        usable_clips: clips in the manifest that are not quarantined.
        vectors: stored vectors.
        missing: usable clips without a vector.
        not_finite: vectors with a value that is not finite.
        dimension: width of the vectors.
        models: fingerprints of the models that made them, sorted.
    """

    usable_clips: int
    vectors: int
    missing: int
    not_finite: int
    dimension: int
    models: tuple[str, ...]

    @property
    def superfluous(self) -> int:
        """Number of vectors whose clip is quarantined or not in the manifest."""
        return self.vectors - (self.usable_clips - self.missing)

    @property
    def passed(self) -> bool:
        """Whether nothing is missing, superfluous or not finite, and there is at most one model."""
        return not self.problem

    @property
    def problem(self) -> str | None:
        """Description of what is wrong; None if nothing is."""
        found = {
            f"{self.missing} of {self.usable_clips} usable clips have no vector": self.missing,
            f"{self.superfluous} vectors are of no usable clip": self.superfluous,
            f"{self.not_finite} vectors are not finite": self.not_finite,
            f"vectors of {len(self.models)} models are mixed": max(0, len(self.models) - 1),
        }
        return "; ".join(text for text, count in found.items() if count) or None

    def facts(self) -> dict[str, int | str]:
        """Return the counts by name, as check metadata."""
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
    """Compare the vectors of a class with its manifest.

    Args:
        manifest: the class's rows of `clip_manifest`.
        embeddings: the class's rows of `embeddings`.
    """
    usable = set(usable_rows(manifest)["clip_id"].to_pylist())
    present = set(embeddings["clip_id"].to_pylist())
    vectors = matrix_of(embeddings, "embedding")
    return EmbeddingHealth(
        usable_clips=len(usable),
        vectors=embeddings.num_rows,
        missing=len(usable - present),
        not_finite=int((~np.isfinite(vectors).all(axis=1)).sum()),
        dimension=vectors.shape[1],
        models=tuple(sorted(set(embeddings["model_fingerprint"].to_pylist()))),
    )
