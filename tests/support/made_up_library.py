"""A made-up library to report on: five classes, four groups with insights, a few bad files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from insight_dagster import tables
from insight_dagster.analysis.metadata.contact_sheets import sheet_path
from insight_dagster.analysis.numerics.neighbours import NearestClips
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.tables import columns

CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")


def frame(table: columns.Table, columns: dict[str, object], rows: int) -> pd.DataFrame:
    """A frame with all columns of a table; those not given are None."""
    return pd.DataFrame({name: columns.get(name, [None] * rows) for name in table.column_names})


def manifest(clips: int, classes: tuple[str, ...], rng: np.random.Generator) -> pd.DataFrame:
    names = [classes[i % len(classes)] for i in range(clips)]
    splits = rng.choice(["train", "val", "test"], clips, p=[0.7, 0.15, 0.15])
    columns = {
        "clip_id": [f"{i:016x}" for i in range(clips)],
        "content_key": [f"{i:032x}" for i in range(clips)],
        "class_name": names,
        "split": splits,
        "path": [
            f"{s}/{c}/clip_{i:04d}.mp4" for i, (c, s) in enumerate(zip(names, splits, strict=True))
        ],
        "width": [340] * clips,
        "height": [256] * clips,
        "fps": [30.0] * clips,
        "duration_seconds": [3.4] * clips,
        "status": ["ok"] * clips,
    }
    return frame(tables.CLIP_MANIFEST, columns, clips)


def quarantined(path: str, class_name: str, problem: str) -> pd.DataFrame:
    columns = {
        "clip_id": [f"bad-{path}"],
        "class_name": [class_name],
        "path": [path],
        "split": ["train"],
        "status": ["quarantined"],
        "problem": [problem],
    }
    return frame(tables.CLIP_MANIFEST, columns, 1)


def predictions(clips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    names = list(clips["class_name"])
    labels = sorted(set(names))
    wrong = rng.random(len(names)) < 0.18
    said = [
        {"abseiling": "rock climbing", "rock climbing": "abseiling"}.get(n, rng.choice(labels))
        if w
        else n
        for n, w in zip(names, wrong, strict=True)
    ]
    probability = np.where(
        wrong, rng.uniform(0.01, 0.4, len(names)), rng.uniform(0.5, 1, len(names))
    )
    columns = {
        "clip_id": clips["clip_id"],
        "class_name": names,
        "predicted": said,
        "top5": [[s, "another label"] for s in said],
        "top5_probabilities": [[0.7, 0.2] for _ in said],
        "probability": probability,
        "loss": -np.log(probability),
        "margin": rng.normal(1, 2, len(names)),
        "entropy": rng.uniform(0, 1.5, len(names)),
        "correct": [s == n for s, n in zip(said, names, strict=True)],
    }
    return frame(tables.PREDICTIONS, columns, len(names))


def placed(clips: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = sorted(set(clips["class_name"]))
    which = np.array([names.index(name) for name in clips["class_name"]])
    angle = 2 * np.pi * which / max(len(names), 1)
    spot = np.stack([np.cos(angle), np.sin(angle)], 1) * 20 + rng.normal(0, 5, (len(which), 2))
    flat = spot @ np.array([[0.8, -0.3], [0.1, 0.5]]) + rng.normal(0, 1, spot.shape)
    columns = {"clip_id": clips["clip_id"], "class_name": clips["class_name"]}
    projection = frame(
        tables.PROJECTION,
        {**columns, "x": spot[:, 0], "y": spot[:, 1], "pca_x": flat[:, 0], "pca_y": flat[:, 1]},
        len(which),
    )
    cluster = np.where(rng.random(len(which)) < 0.1, -1, which)
    strength = np.where(cluster < 0, 0, rng.uniform(0.4, 1, len(which)))
    clusters = frame(
        tables.CLUSTERS, {**columns, "cluster": cluster, "strength": strength}, len(which)
    )
    return projection, clusters


def metadata(clips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    columns: dict[str, object] = {"clip_id": clips["clip_id"], "class_name": clips["class_name"]}
    for column in tables.METADATA_FIELDS:
        columns[column.name] = rng.gamma(3, 0.12, len(clips))
    columns["motion_centre_x"] = [None, *rng.random(max(len(clips) - 1, 0))][: len(clips)]
    return frame(tables.METADATA_TABLE, columns, len(clips))


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
    """Bundles of the first clips of every insight, with their volumes."""
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


def contact_sheets(home: Path, clips: pd.DataFrame) -> None:
    """A sheet of every clip, each of another colour with a bright square that moves."""
    for number, key in enumerate(clips["content_key"]):
        colour = np.random.default_rng(number).integers(30, 160, 3)
        sheet = np.tile(colour.astype(np.uint8), (512, 512, 1))
        for frame in range(16):
            y, x = divmod(frame, 4)
            sheet[y * 128 + 50 : y * 128 + 70, x * 128 + 6 * frame : x * 128 + 6 * frame + 20] = 230
        path = sheet_path(home / "sheets", key)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sheet)


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
    """Two runs: in the first every insight was born, with fewer clips; one is resolved since."""
    rows = []
    for run, day, status in (("first", 1, "born"), ("second", 2, "growing")):
        for _, each in found.iterrows():
            rows.append(
                {
                    "ledger_id": each["insight_id"],
                    "run_id": run,
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


def nearest(clips: pd.DataFrame) -> NearestClips:
    count = len(clips)
    rows = (np.arange(count)[:, None] + np.arange(1, 4)) % max(count, 1)
    ids = clips["clip_id"].to_numpy(str)
    return NearestClips(ids, rows.astype(np.int32), np.ones(rows.shape))


def drifted() -> pd.DataFrame:
    columns = {
        "class_name": [""], "part": ["total"], "metric": ["accuracy"],
        "clips_then": [100], "clips_now": [110], "value_then": [0.9], "value_now": [0.81],
        "effect": [-0.09], "p_value": [0.001], "judged": [True],
    }  # fmt: skip
    return frame(tables.DRIFT, columns, 1)


def latent_spaces(clips: int) -> pd.DataFrame:
    columns = {
        "space_id": ["space"],
        "clips": [clips],
        "components": [32],
        "explained_variance": [0.91],
        "trustworthiness": [0.967],
        "clusters": [5],
        "noise_share": [0.102],
    }
    return frame(tables.LATENT_SPACES, columns, 1)


def synthetic(
    home: Path, *, clips: int = 120, classes: tuple[str, ...] = CLASSES, **changes: object
) -> ReportData:
    """Report data whose rows depend on `clips` and `classes` alone."""
    rng = np.random.default_rng(clips)
    usable = manifest(clips, classes, rng)
    projection, clusters = placed(usable, rng)
    found, members, causes = insights(usable)
    said = predictions(usable, rng)
    contact_sheets(home, usable)
    bad = quarantined("train/abseiling/cut.mp4", classes[0], "cut.mp4 ends after 12 of 102 frames")
    parts: dict[str, object] = {
        "home": home,
        "title": "Demo library",
        "run_id": "0a1b2c3d-0000",
        "nearest": nearest(usable),
        "definitions": {kind: f"How {kind} is found." for kind, *_ in INSIGHTS},
        "model_fingerprint": "x3d_demo-5f2c9a1e",
        "random_weights": False,
        "created_at": datetime(2026, 3, 14, 2, 0, tzinfo=UTC),
        "clip_manifest": pd.concat([usable, bad], ignore_index=True),
        "predictions": said,
        "metadata_table": metadata(usable, rng),
        "projection": projection,
        "clusters": clusters,
        "insights": found,
        "insight_members": members,
        "insight_causes": causes,
        "heatmap_bundles": heatmaps(home, members),
        "latent_spaces": latent_spaces(clips),
        "insight_actions": actions(members),
        "insight_effects": effects(found),
        "insight_ledger": ledger(found),
        "drift": drifted(),
        "verdicts": frame(
            tables.VERDICTS,
            {
                "class_name": list(classes),
                "cleared": [True] * len(classes),
                "errors": [[]] * len(classes),
                "warnings": [["data_drift"]] * len(classes),
            },
            len(classes),
        ),
    }
    return ReportData(**{**parts, **changes})


def nothing(home: Path) -> ReportData:
    """Report data of a home in which nothing has been computed."""
    names = {table.name: frame(table, {}, 0) for table in SHOWN}
    created = datetime(2026, 3, 14, tzinfo=UTC)
    return ReportData(
        home=home,
        title="Nothing yet",
        run_id="",
        nearest=NearestClips.none(),
        definitions={},
        model_fingerprint="",
        random_weights=False,
        created_at=created,
        **names,
    )
