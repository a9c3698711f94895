"""One class of a library with its database, listed and measured as the assets do it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from insight_dagster.analysis.clip_library import scan
from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.analysis.decoding import Decode, decode_window, probe
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database import Database
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.clip_manifest import list_class, list_replaced
from insight_dagster.pipeline.measuring.one_pass import measure_class
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, METADATA_TABLE

CLASS = "climb"


class ListedClass:
    """The class `climb` of a library.

    Attributes:
        folder: of its clips.
        store: the database.
        warnings: what was logged.
    """

    def __init__(self, root: Path, model: VideoClassifier, *, home: str = "home") -> None:
        self.library, self.folder = root / "library", root / "library" / CLASS
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = Database(root / home / "insight.duckdb")
        self.warnings: list[str] = []
        self._model, self._sheets = model, root / home / "sheets"

    def list(self) -> None:
        """Materialize `clip_manifest`."""
        list_class(self.store, scan(self.library), CLASS, read_facts=probe, progress=lambda _: None)

    def measure(self, decode: Decode = decode_window) -> Mapping[str, Any]:
        """Materialize `embeddings` and `metadata_table`, and return their facts."""
        work = ClassClips(
            name=CLASS,
            clips=usable_clips(self.store.rows(CLIP_MANIFEST, CLASS), self.library),
            store=self.store,
            decode=decode,
            list_again=partial(list_replaced, self.store, self.library, CLASS, read_facts=probe),
            batch_size=4,
            workers=2,
            shard_clips=100,
            follow=lambda *_: lambda _: None,
            warn=self.warnings.append,
        )
        names = ("embeddings", "metadata_table")
        found = measure_class(work, self._model, assets=names, sheets=self._sheets)
        for each in found.values():
            if isinstance(each, Exception):
                raise each
        return {name: each.facts for name, each in found.items()}

    def manifest(self) -> dict[str, dict[str, Any]]:
        """Return the rows of `clip_manifest` by file name."""
        rows = self.store.rows(CLIP_MANIFEST, CLASS).to_pylist()
        return {Path(row["path"]).name: row for row in rows}

    def vectors(self) -> dict[str, np.ndarray]:
        """Return the vectors by file name."""
        rows = self.store.rows(EMBEDDINGS, CLASS).to_pylist()
        vectors = {row["clip_id"]: np.array(row["embedding"]) for row in rows}
        shown = self.manifest().items()
        return {n: vectors[row["clip_id"]] for n, row in shown if row["clip_id"] in vectors}

    def measured(self) -> int:
        """Return the number of rows of `metadata_table`."""
        return self.store.rows(METADATA_TABLE, CLASS).num_rows
