"""The clips of a report, one row each, and the columns that the page reads of them.

Belongs here: joining tables by clip and packing columns. Does not: counting clips (`scores`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from insight_dagster import tables
from insight_dagster.analysis.numerics.neighbours import NearestClips
from insight_dagster.report.packing import (
    pack_array,
    pack_flags,
    pack_hex,
    pack_numbers,
    pack_texts,
)
from insight_dagster.report.report_data import ReportData
from insight_dagster.tables import columns
from insight_dagster.tables.status import ClipStatus

FACTS = ("duration_seconds", "fps", "width", "height", "undetectable_damage")
_MANIFEST = ("clip_id", "class_name", "path", "split", "content_key", *FACTS)
_PREDICTED = ("predicted", "probability", "loss", "margin", "entropy", "correct")
_TOP = 5
_NUMBERS = ("probability", "loss", "margin", "entropy", "x", "y", "pca_x", "pca_y", "strength")


def joined_clips(data: ReportData) -> pd.DataFrame:
    """Return one row for each usable clip with the columns of all tables, in clip-id order."""
    manifest = data.clip_manifest[data.clip_manifest["status"] == ClipStatus.OK]
    clips = (
        manifest[list(_MANIFEST)]
        .drop_duplicates("clip_id")
        .sort_values("clip_id", ignore_index=True)
    )
    fields = [column.name for column in tables.METADATA_FIELDS]
    for frame, names in (
        (data.predictions, [*_PREDICTED, "top5", "top5_probabilities"]),
        (data.projection, ["x", "y", "pca_x", "pca_y"]),
        (data.clusters, ["cluster", "strength"]),
        (data.metadata_table, fields),
    ):
        rows = frame[["clip_id", *names]].drop_duplicates("clip_id")
        clips = clips.merge(rows, on="clip_id", how="left")
    return clips


def core_columns(clips: pd.DataFrame, pictured: np.ndarray) -> dict[str, Any]:
    """Return the packed columns that every view needs.

    Args:
        clips: as `joined_clips` returns.
        pictured: (n,) bool, whether the site has a contact sheet of the clip.
    """
    cluster = pd.to_numeric(clips["cluster"]).fillna(-2).to_numpy(np.int32)
    return {
        "clip_id": pack_hex(clips["clip_id"]),
        "content_key": pack_hex(clips["content_key"]),
        "path": pack_texts(clips["path"]),
        **{name: pack_texts(clips[name]) for name in ("class_name", "split", "predicted")},
        "correct": pack_flags(clips["correct"]),
        "cluster": pack_array(cluster),
        "pictured": pack_array(pictured),
        **{name: pack_numbers(clips[name]) for name in _NUMBERS},
    }


def fields_shown() -> list[columns.Column]:
    """Return the measured fields; each has a script of its own, which is loaded on demand."""
    facts = [c for c in tables.CLIP_MANIFEST.columns if c.name in FACTS]
    return [*tables.METADATA_FIELDS, *facts]


def view_columns(clips: pd.DataFrame, nearest: NearestClips) -> dict[str, Any]:
    """Return the most probable labels and the nearest clips of each row; -1 = none."""
    labels, top = _codes(clips["top5"])
    neighbours, _ = nearest.among(clips["clip_id"].tolist())
    return {
        "labels": labels,
        "top": pack_array(top),
        "probabilities": pack_array(_padded(clips["top5_probabilities"], np.nan, np.float32)),
        "neighbours": pack_array(neighbours),
    }


def _codes(lists: pd.Series) -> tuple[list[str], np.ndarray]:
    """Return all texts that occur in lists, and (n, 5) int32 indices of them."""
    known = sorted({str(label) for each in lists if _is_list(each) for label in each})
    code = {label: number for number, label in enumerate(known)}
    coded = lists.map(lambda each: [code[str(v)] for v in each] if _is_list(each) else None)
    return known, _padded(coded, -1, np.int32)


def _padded(lists: pd.Series, missing: float, kind: type) -> np.ndarray:
    """Return the first 5 values of lists, (n, 5); `missing` where there are fewer or no list."""
    out: np.ndarray = np.full((len(lists), _TOP), missing, kind)
    for row, each in enumerate(lists):
        if _is_list(each):
            out[row, : len(each)] = each[:_TOP]
    return out


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple, np.ndarray))
