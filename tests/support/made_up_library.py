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
from tests.support.made_up_insights import INSIGHTS, actions, effects, heatmaps, insights, ledger
from tests.support.table_frames import frame

CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")


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
        "fault": ["file"],
    }
    return frame(tables.CLIP_MANIFEST, columns, 1)


def predictions(clips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    names = list(clips["class_name"])
    labels = sorted(set(names))
    wrong = rng.random(len(names)) < 0.18
    predicted = [
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
        "predicted": predicted,
        "top5": [[s, "another label"] for s in predicted],
        "top5_probabilities": [[0.7, 0.2] for _ in predicted],
        "probability": probability,
        "loss": -np.log(probability),
        "margin": rng.normal(1, 2, len(names)),
        "entropy": rng.uniform(0, 1.5, len(names)),
        "correct": [s == n for s, n in zip(predicted, names, strict=True)],
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


def contact_sheets(home: Path, clips: pd.DataFrame) -> None:
    """Write a contact sheet of every clip: a moving bright square on a colour of its own."""
    for number, key in enumerate(clips["content_key"]):
        colour = np.random.default_rng(number).integers(30, 160, 3)
        sheet = np.tile(colour.astype(np.uint8), (512, 512, 1))
        for at in range(16):
            y, x = divmod(at, 4)
            sheet[y * 128 + 50 : y * 128 + 70, x * 128 + 6 * at : x * 128 + 6 * at + 20] = 230
        path = sheet_path(home / "sheets", key)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sheet)


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
    """Return report data whose rows depend on `clips` and `classes` only."""
    rng = np.random.default_rng(clips)
    usable = manifest(clips, classes, rng)
    projection, clusters = placed(usable, rng)
    found, members, causes = insights(usable)
    predicted = predictions(usable, rng)
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
        "predictions": predicted,
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
    """Return report data of a home in which nothing has been computed."""
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
