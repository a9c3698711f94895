"""All insights of one class: every kind is asked, the answers corrected together and ranked.

The order of the kinds and their seeds belong here; each kind's definition has its own module.
"""

from __future__ import annotations

import hashlib

import numpy as np

from insight_dagster.analysis import populations
from insight_dagster.analysis.insights import (
    class_confusion,
    low_performance,
    mislabeled,
    near_duplicates,
    over_represented,
)
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.result import InsightSet, rank, to_tables
from insight_dagster.errors import UnknownClassError


def find_insights(
    clips: ClipTable,
    *,
    class_name: str,
    seed: int = 0,
    fdr: float = 0.05,
    model_fingerprint: str = "",
    space_id: str = "",
) -> InsightSet:
    """The insights of one class, held against all classes; the row order does not matter.

    Definitions, null models and thresholds: `docs/insights.md`.

    Args:
        clips: all classes' clips.
        class_name: the class that insights are looked for in.
        seed: of every permutation and bootstrap.
        fdr: largest q-value (Benjamini-Hochberg over the run's candidates) of an insight.
        model_fingerprint: origin of the clips' predictions, copied into the rows.
        space_id: origin of the clips' coordinates, copied into the rows.

    Raises:
        UnknownClassError: no clip is labelled with `class_name`.
    """
    clips = clips.sorted_by_id()
    if not len(clips.of_class(class_name)):
        known = ", ".join(clips.classes) or "none"
        raise UnknownClassError(f"no clip is labelled {class_name!r}; classes with clips: {known}")
    ranked = rank(_findings(clips, class_name, seed), clips, class_name=class_name, fdr=fdr)
    return to_tables(
        ranked,
        clips,
        class_name=class_name,
        seed=seed,
        fdr=fdr,
        model_fingerprint=model_fingerprint,
        space_id=space_id,
    )


def _findings(clips: ClipTable, class_name: str, seed: int) -> list[Finding]:
    """Candidates of every kind; a kind's random numbers depend on the seed and its name alone."""
    found = over_represented.find(clips, class_name, _generator(seed, over_represented.KIND))
    for population in populations.POPULATIONS:
        rng = _generator(seed, low_performance.KIND + population.name)
        found += low_performance.find(clips, class_name, population, rng)
    found += class_confusion.find(clips, class_name, _generator(seed, class_confusion.KIND))
    found += mislabeled.find(clips, class_name, _generator(seed, mislabeled.KIND))
    return found + near_duplicates.find(clips, class_name)


def _generator(seed: int, name: str) -> np.random.Generator:
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
    return np.random.default_rng([seed, key])
