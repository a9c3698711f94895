"""Made-up insights of a made-up library: members, causes, heatmaps, actions and history."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from insight_dagster import tables
from tests.support.table_frames import frame

INSIGHTS = (
    ("over_represented", "snowboarding", "neighbour distance of the class / of the group", 4.31),
    ("low_performance", "disc golfing", "accuracy outside minus inside", 0.52),
    ("class_confusion", "abseiling", "share taken for the other class", 0.31),
    ("mislabeled", "rock climbing", "share of other neighbours", 0.88),
)


def insights(clips: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    found, members, causes = [], [], []
    for rank, (kind, name, effect_name, effect) in enumerate(INSIGHTS):
        own = clips[clips["class_name"] == name]["clip_id"].head(14 - 2 * rank)
        if not len(own):
            continue
        key = f"insight-{rank}"
        confused = kind == "class_confusion"
        found.append(
            {
                "insight_id": key,
                "kind": kind,
                "class_name": name,
                "population": "misclassified_train" if rank == 1 else "all",
                "other_class": "rock climbing" if confused else None,
                "size": len(own),
                "severity": 0.84 - 0.2 * rank,
                "effect_name": effect_name,
                "effect": effect,
                "ci_low": effect * 0.8,
                "ci_high": effect * 1.25,
                "p_value": 1e-5,
                "q_value": 10.0 ** (rank - 5),
                "accuracy": 0.93 - 0.2 * rank,
                "mean_loss": 0.3 + rank,
                "sentence": f"{len(own)} {name} clips form group {rank} and repeat one another.",
                "action": "Look at the clips, then collect others that differ.",
            }
        )
        members.append(
            pd.DataFrame(
                {
                    "insight_id": key,
                    "class_name": name,
                    "clip_id": own,
                    "weight": np.linspace(1, 0.5, len(own)),
                    "partner_clip_id": None,
                    "suggested_class": "abseiling" if kind == "mislabeled" else None,
                }
            )
        )
        causes += [cause(key, name, place) for place in range(1, 4 - rank)]
    return (
        pd.DataFrame(found, columns=list(tables.INSIGHTS.column_names)),
        pd.concat([frame(tables.INSIGHT_MEMBERS, {}, 0), *members]),
        pd.DataFrame(causes, columns=list(tables.INSIGHT_CAUSES.column_names)),
    )


def cause(key: str, class_name: str, rank: int) -> dict[str, object]:
    effect = (1.8, -1.1, 0.6)[rank - 1]
    return {
        "insight_id": key,
        "class_name": class_name,
        "rank": rank,
        "field": ("ssim_mean", "frame_difference_mean", "foreground_ratio")[rank - 1],
        "direction": "higher" if effect > 0 else "lower",
        "effect": effect,
        "ci_low": effect - 0.4,
        "ci_high": effect + 0.3,
        "auc": 0.8,
        "p_value": 0.0001,
        "q_value": 0.002,
        "value_inside": 0.94,
        "value_outside": 0.61,
        "spread_low": 0.2,
        "spread_high": 0.98,
        "spread_inside": [1 / 24] * 24,
        "spread_outside": [1.0] + [0.0] * 23,
    }


def heatmaps(home: Path, members: pd.DataFrame) -> pd.DataFrame:
    """Write volumes of the first clips of every insight, and return the rows of their bundles."""
    (home / "heatmaps").mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (_, member) in enumerate(members.groupby("insight_id").head(4).iterrows()):
        path = f"heatmaps/{number}.npz"
        rng = np.random.default_rng(number)
        coarse = rng.random((16, 6, 6)).astype(np.float32)
        volume = np.stack([cv2.resize(each, (64, 64)) for each in coarse])
        np.savez_compressed(home / path, volume=(volume / volume.max()).astype(np.float16))
        rows.append(
            {
                "clip_id": member["clip_id"],
                "class_name": member["class_name"],
                "target": member["class_name"],
                "method": "grad_cam",
                "path": f"heatmaps/{number}.png",
                "volume_path": path,
                "insight_ids": [member["insight_id"]],
            }
        )
    return pd.DataFrame(rows, columns=list(tables.HEATMAP_BUNDLES.column_names))


def actions(members: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "insight_id": members["insight_id"],
        "class_name": members["class_name"],
        "rank": range(1, len(members) + 1),
        "clip_id": members["clip_id"],
        "verb": ["keep" if at % 3 == 0 else "drop" for at in range(len(members))],
        "partner_clip_id": [None] * len(members),
        "confidence": np.linspace(1, 0.4, len(members)),
    }
    return frame(tables.INSIGHT_ACTIONS, columns, len(members))


def effects(found: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "insight_id": found["insight_id"],
        "class_name": found["class_name"],
        "advice": ["Keep 4 of 14 clips." for _ in range(len(found))],
        "measure": ["accuracy of the class"] * len(found),
        "change": [0.02] * len(found),
        "ci_low": [-0.01] * len(found),
        "ci_high": [0.05] * len(found),
        "clips": [40] * len(found),
    }
    return frame(tables.INSIGHT_EFFECTS, columns, len(found))


def ledger(found: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger of two runs: insights are born with fewer clips, then they grow."""
    rows = []
    for run, day, status in (("first", 1, "born"), ("second", 2, "growing")):
        for _, each in found.iterrows():
            rows.append(
                {
                    "ledger_id": each["insight_id"],
                    "run_id": run,
                    "sequence": day,
                    "recorded_at": pd.Timestamp(2026, 3, day),
                    "class_name": each["class_name"],
                    "insight_id": each["insight_id"],
                    "status": status,
                    "kind": each["kind"],
                    "size": each["size"] - 4 * (run == "first"),
                    "severity": each["severity"],
                    "effect": each["effect"],
                    "accuracy": each["accuracy"],
                }
            )
    return pd.DataFrame(rows, columns=list(tables.INSIGHT_LEDGER.column_names))
