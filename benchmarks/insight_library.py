"""Settings for `insight_quality` on demo libraries: real embeddings, planted faults.

Making a setting of a rendered, decoded and embedded library belongs here; scoring does not.
"""

from __future__ import annotations

import numpy as np

from benchmarks.demo_recovery import CACHE, clip_table, demo_model, fit, library_rows
from benchmarks.insight_settings import Setting, Slice
from insight_dagster.tables.arrays import matrix_of

LIBRARY = "library"
"""Difficulty and kind of these settings; the kinds of their slices are the faults."""
ERROR_FAULTS = ("title_card", "mislabeled")
COPY = "copy"
"""Leaks and duplicates together: most tools do not look at splits."""
FAULTS = (*ERROR_FAULTS, "selfie_stick", COPY, "leak", "duplicate", "lookalike")
CAUSES = {"title_card": ("static_share", "text_share", "ssim_mean", "frame_difference_mean")}
"""Fields that a planted title card changes by construction."""
_CLIPS_PER_CLASS = 80


def library_setting(seed: int) -> Setting:
    """Return the setting of one seed's demo library, rendered and embedded once, then kept.

    The model's other classes are left out of the probabilities: most peers cannot do without
    clips of every class.

    Args:
        seed: of the library.
    """
    model = demo_model()
    rows = library_rows(seed, clips_per_class=_CLIPS_PER_CLASS, model=model, cache=CACHE)
    clips = clip_table(rows, fit(rows, model.taps), model)
    row_of = {clip: row for row, clip in enumerate(rows.embeddings["clip_id"].to_pylist())}
    order = [row_of[clip] for clip in clips.clip_ids]
    paths = dict(
        zip(*(rows.manifest[name].to_pylist() for name in ("clip_id", "path")), strict=True)
    )
    path = np.array([paths[clip] for clip in clips.clip_ids])
    classes, labels = np.unique(clips.labels, return_inverse=True)
    probabilities = clips.probabilities[:, [clips.model_labels.index(name) for name in classes]]
    slices = []
    for fault in FAULTS:
        names = ("leak", "duplicate") if fault == COPY else (fault,)
        planted = np.isin(path, rows.truth.loc[rows.truth.fault.isin(names), "path"])
        if planted.any():
            slices.append(Slice(fault, np.flatnonzero(planted), CAUSES.get(fault, ())))
    return Setting(
        name=f"{LIBRARY}-{seed}",
        difficulty=LIBRARY,
        kind=LIBRARY,
        embeddings=matrix_of(rows.embeddings, "embedding")[order].astype(np.float32),
        labels=labels.ravel(),
        probabilities=(probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32),
        metadata=clips.metadata,
        splits=clips.splits,
        slices=tuple(slices),
    )
