"""A home of made-up vectors, predictions and measurements: the analysis runs without decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.commands.console import Console
from insight_dagster.commands.show import pins
from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion, ReplacePartition, Upsert
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.class_insights import InsightSearch
from insight_dagster.pipeline.clip_table import read_clip_table
from insight_dagster.pipeline.latent_space.placement import cluster_class, project_class
from insight_dagster.pipeline.latent_space.refit import refit_latent_space
from insight_dagster.pipeline.performance import score_class
from insight_dagster.pipeline.promotion import promote_current_state
from insight_dagster.pipeline.report_data import read_report_data
from insight_dagster.report.site import write_site
from insight_dagster.settings import Settings, load_settings
from insight_dagster.tables import (
    CLIP_MANIFEST,
    EMBEDDINGS,
    INSIGHTS,
    METADATA_FIELDS,
    METADATA_TABLE,
    PREDICTIONS,
)
from tests.support.synthetic_clips import NAMES, planted_clips

PER_CLIP = (CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS, METADATA_TABLE)
MODEL = "made-up"
CLASSES = ("abseil", "disc")


@dataclass
class MadeUpHome:
    """A home, and what a user can do with it."""

    root: Path
    runs: int = 0
    promotions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings: Settings = load_settings(home=self.root, min_cluster_size=4)
        self.folders = self.settings.folders
        self.store = Database(self.folders.database)
        clips, _ = planted_clips(seed=0, clips=150)
        clips = clips.take(np.flatnonzero(np.isin(clips.labels, CLASSES)))
        self.width = clips.coordinates.shape[1]
        self.model: Any = SimpleNamespace(
            fingerprint=MODEL,
            dimension=self.width,
            taps=(("made-up", self.width),),
            labels=tuple(NAMES),
            spec=ClipSpec(16, 5, 112, 112),
        )
        self._fill(clips)

    @property
    def checks(self) -> ClassChecks:
        library = SimpleNamespace(classes=CLASSES, splits=("train", "val"))
        return ClassChecks(
            self.store,
            self.settings.checks,
            self.folders,
            lambda: library,  # type: ignore[arg-type,return-value]
            lambda: self.model,
        )

    def run(self) -> None:
        """Refit, place, compare, explain and report, as one run of the pipeline."""
        self.runs += 1
        run_id = f"run{self.runs}"
        refit_latent_space(
            self.store, self.folders, self.model, settings={"components": 8, "min_cluster_size": 4}
        )
        for name in CLASSES:
            project_class(self.store, self.folders, name)
            cluster_class(self.store, self.folders, name)
        self.compare()
        options = self.settings.analysis_options
        read = read_clip_table(
            self.store, self.folders, options, model_fingerprint=MODEL, model_labels=tuple(NAMES)
        )
        search = InsightSearch(
            self.store, read, model_fingerprint=MODEL, run_id=run_id, seed=0, fdr=options.fdr
        )
        for name in CLASSES:
            search.write_class(name)
        self.report(run_id)

    def compare(self) -> None:
        for name in CLASSES:
            score_class(
                self.store,
                name,
                model_fingerprint=MODEL,
                thresholds=self.settings.checks,
                seed=0,
            )

    def report(self, run_id: str) -> None:
        data = read_report_data(self.store, self.folders, run_id=run_id)
        write_site(data, self.folders.report)

    def promote(self) -> None:
        reason = f"promotion {len(self.promotions)}"
        checks = self.checks
        failing = {
            name
            for class_name, outcomes in checks.all_outcomes()
            for name in checks.failing(class_name, outcomes)[0]
        }
        rows = promote_current_state(
            checks, self.model, author="me", reason=reason, accept=sorted(failing)
        )
        self.promotions.append(rows["baseline_id"][0].as_py())
        self.compare()

    def pin(self, number: int) -> None:
        """Pin one of the present insights."""
        found = sorted(self.store.rows(INSIGHTS)["insight_id"].to_pylist())
        if found:
            chosen, quiet = found[number % len(found)], Console(quiet=True)
            pins.pin(self.settings, chosen, note="", author="me", console=quiet)

    def remove(self, number: int) -> None:
        """Remove a few clips from the library."""
        clip_ids = sorted(self.store.rows(CLIP_MANIFEST)["clip_id"].to_pylist())
        for clip_id in clip_ids[number % 11 :: 11]:
            self.store.write(*(Deletion(table, {"clip_id": clip_id}) for table in PER_CLIP))

    def _fill(self, clips: Any) -> None:
        rng, count = np.random.default_rng(1), len(clips.clip_ids)
        measured = rng.normal(size=(count, len(METADATA_FIELDS)))
        measured[:, : clips.metadata.shape[1]] = clips.metadata.to_numpy()
        identity = {
            "clip_id": clips.clip_ids,
            "class_name": clips.labels,
            "content_key": [f"{number:032x}" for number in range(count)],
        }
        manifest = {
            **identity,
            "path": [f"{each}.mp4" for each in clips.clip_ids],
            "split": clips.splits,
            "window_start": np.zeros(count),
            "status": ["ok"] * count,
        }
        self.store.write(Upsert(CLIP_MANIFEST, _rows(CLIP_MANIFEST, manifest)))
        vectors = {"embedding": list(clips.coordinates.astype(np.float32))}
        scored = {
            "logits": list(np.log(clips.probabilities).astype(np.float32)),
            "predicted": clips.predicted,
            "top5": [list(NAMES)] * count,
            "top5_probabilities": list(clips.probabilities.astype(np.float32)),
            "probability": clips.probability,
            "loss": clips.loss,
            "margin": np.zeros(count),
            "entropy": np.zeros(count),
            "correct": clips.correct == 1,
        }
        metadata = {
            "metadata_version": ["1"] * count,
            **{each.name: measured[:, n] for n, each in enumerate(METADATA_FIELDS)},
            "extra": [[]] * count,
            "signature": list(clips.signature),
        }
        rows = {
            EMBEDDINGS: {**identity, "model_fingerprint": [MODEL] * count, **vectors},
            PREDICTIONS: {**identity, "model_fingerprint": [MODEL] * count, **scored},
            METADATA_TABLE: {**identity, **metadata},
        }
        for name in CLASSES:
            own = pa.array(clips.labels == name)
            self.store.write(
                *(
                    ReplacePartition(table, _rows(table, columns).filter(own), name)
                    for table, columns in rows.items()
                )
            )


def _rows(table: Any, columns: dict[str, Any]) -> pa.Table:
    """Return an Arrow table of the columns; those not given are null."""
    types = {
        "VARCHAR": pa.string(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
        "INTEGER": pa.int32(), "BIGINT": pa.int64(), "VARCHAR[]": pa.list_(pa.string()),
        "FLOAT[]": pa.list_(pa.float32()), "FLOAT[{dimension}]": pa.list_(pa.float32()),
        "UTINYINT[]": pa.list_(pa.uint8()),
        "MAP(VARCHAR, DOUBLE)": pa.map_(pa.string(), pa.float64()),
    }  # fmt: skip
    missing = [None] * len(columns["clip_id"])
    return pa.table({
        each.name: pa.array(list(columns.get(each.name, missing)), types[each.sql_type])
        for each in table.columns
    })  # fmt: skip
