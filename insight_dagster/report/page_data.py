"""The numbers and texts that the page shows, as one JSON-ready value.

Belongs here: choosing, joining and rounding. Does not: statistics (done below), HTML (`static/`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from insight_dagster import columns, tables
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.plain import plain, plain_column
from insight_dagster.report.report_data import ReportData
from insight_dagster.report.scores import class_scores, confusion, split_names

MOST_CLIPS = 12_000
PICTURES_PER_INSIGHT = 6
_CAUSE_COLUMNS = (
    "field",
    "direction",
    "effect",
    "ci_low",
    "ci_high",
    "q_value",
    "value_inside",
    "value_outside",
)
_INSIGHT_COLUMNS = (
    "insight_id",
    "kind",
    "class_name",
    "population",
    "other_class",
    "size",
    "severity",
    "effect_name",
    "effect",
    "ci_low",
    "ci_high",
    "q_value",
    "accuracy",
    "mean_loss",
    "sentence",
    "action",
)


def page_data(data: ReportData) -> dict[str, Any]:
    """Everything on the page; clips are referred to by their position in `clips`."""
    every = joined_clips(data)
    shown = shown_clips(every, set(data.insight_members["clip_id"]))
    position = {clip_id: index for index, clip_id in enumerate(shown["clip_id"])}
    pictures = Pictures(data.home)
    insights = _insights(data, position, pictures)
    return {
        "facts": _facts(data, every, shown),
        "fields": [_field(column) for column in tables.METADATA_FIELDS],
        "clips": {name: plain_column(shown[name]) for name in shown.columns},
        "insights": insights,
        "pictures": pictures.encoded,
        "pictures_left_out": pictures.left_out,
        "scores": class_scores(every),
        "confusion": confusion(every),
        "quarantine": _quarantine(data.clip_manifest),
    }


def joined_clips(data: ReportData) -> pd.DataFrame:
    """One row for each usable clip with what every table says of it, in clip-id order."""
    manifest = data.clip_manifest[data.clip_manifest["status"] == "ok"]
    columns = [
        "clip_id",
        "class_name",
        "path",
        "split",
        "duration_seconds",
        "fps",
        "width",
        "height",
    ]
    clips = manifest[columns].drop_duplicates("clip_id").sort_values("clip_id", ignore_index=True)
    fields = [column.name for column in tables.METADATA_FIELDS]
    for frame, wanted in (
        (data.predictions, ["predicted", "probability", "loss", "margin", "entropy", "correct"]),
        (data.projection, ["x", "y", "pca_x", "pca_y"]),
        (data.clusters, ["cluster", "strength"]),
        (data.metadata_table, fields),
    ):
        rows = frame[["clip_id", *wanted]].drop_duplicates("clip_id")
        clips = clips.merge(rows, on="clip_id", how="left")
    return clips


def shown_clips(clips: pd.DataFrame, members: set[str]) -> pd.DataFrame:
    """At most 12,000 clips: the members of insights first, then evenly spaced others."""
    if len(clips) <= MOST_CLIPS:
        return clips
    member = clips["clip_id"].isin(members).to_numpy()
    first = np.flatnonzero(member)[:MOST_CLIPS]
    others = np.flatnonzero(~member)
    step = np.linspace(0, len(others) - 1, min(MOST_CLIPS - len(first), len(others)))
    rows = np.sort(np.concatenate([first, others[step.round().astype(int)]]))
    return clips.iloc[rows].reset_index(drop=True)


def _facts(data: ReportData, every: pd.DataFrame, shown: pd.DataFrame) -> dict[str, Any]:
    space = _current_space(data)
    names = ("clips", "components", "explained_variance", "trustworthiness", "clusters")
    right = every["correct"].dropna().astype(float)
    return {
        "title": data.title,
        "created_at": data.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "model_fingerprint": data.model_fingerprint,
        "random_weights": bool(data.random_weights),
        "clips": len(every),
        "clips_shown": len(shown),
        "quarantined": int((data.clip_manifest["status"] != "ok").sum()),
        "classes": sorted(set(data.clip_manifest["class_name"])),
        "splits": split_names(every),
        "scored": len(right),
        "accuracy": float(right.mean()) if len(right) else None,
        "space": None if space is None else {name: plain(space[name]) for name in names},
        "noise_share": None if space is None else plain(space["noise_share"]),
    }


def _current_space(data: ReportData) -> pd.Series | None:
    """The space that the projection was made in, else the latest."""
    spaces = data.latent_spaces.sort_values("created_at")
    used = spaces[spaces["space_id"].isin(data.projection["space_id"])]
    chosen = used if len(used) else spaces
    return chosen.iloc[-1] if len(chosen) else None


def _field(column: columns.Column) -> dict[str, str]:
    return {"name": column.name, "description": column.description, "unit": column.unit}


def _insights(
    data: ReportData, position: dict[str, int], pictures: Pictures
) -> list[dict[str, Any]]:
    ranked = data.insights.sort_values(
        ["severity", "insight_id"], ascending=[False, True], ignore_index=True
    )
    members = dict(tuple(data.insight_members.groupby("insight_id")))
    causes = dict(tuple(data.insight_causes.sort_values("rank").groupby("insight_id")))
    return [
        {
            **{name: plain(row[name]) for name in _INSIGHT_COLUMNS},
            "members": _members(members.get(row["insight_id"]), position),
            "causes": _rows(causes.get(row["insight_id"]), _CAUSE_COLUMNS),
            "examples": _examples(data, row["insight_id"], position, pictures),
        }
        for _, row in ranked.iterrows()
    ]


def _members(rows: pd.DataFrame | None, position: dict[str, int]) -> list[dict[str, Any]]:
    if rows is None:
        return []
    ordered = rows[rows["clip_id"].isin(position)].sort_values(
        ["weight", "clip_id"], ascending=[False, True]
    )
    return [
        {
            "clip": position[row["clip_id"]],
            "weight": plain(row["weight"]),
            "partner": position.get(row["partner_clip_id"]),
            "suggested": plain(row["suggested_class"]),
        }
        for _, row in ordered.iterrows()
    ]


def _examples(
    data: ReportData, insight_id: str, position: dict[str, int], pictures: Pictures
) -> list[dict[str, Any]]:
    bundles = data.heatmap_bundles
    if not len(bundles):
        return []
    picked = bundles[[insight_id in _listed(ids) for ids in bundles["insight_ids"]]]
    examples: list[dict[str, Any]] = []
    for _, row in picked.sort_values(["clip_id", "target"]).iterrows():
        picture = pictures.add(row["path"]) if len(examples) < PICTURES_PER_INSIGHT else None
        if picture is not None:
            examples.append(
                {
                    "clip": position.get(row["clip_id"]),
                    "clip_id": row["clip_id"],
                    "target": row["target"],
                    "method": row["method"],
                    "picture": picture,
                }
            )
    return examples


def _listed(ids: object) -> list[str]:
    return list(ids) if isinstance(ids, (list, tuple, np.ndarray)) else []


def _quarantine(manifest: pd.DataFrame) -> list[dict[str, Any]]:
    rows = manifest[manifest["status"] != "ok"].sort_values(["class_name", "path"])
    return _rows(rows, ("path", "class_name", "split", "problem"))


def _rows(frame: pd.DataFrame | None, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    if frame is None:
        return []
    return [{name: plain(row[name]) for name in columns} for _, row in frame.iterrows()]
