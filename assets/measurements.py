"""Vectors and metadata of a class's clips, both from frames that are decoded once.

How the two share a pass over the clips belongs here; what each of them computes and writes is in
`embeddings.py` and `metadata_table.py`.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import dagster as dg

from insight_dagster.analysis.clip_library.clips import Clip
from insight_dagster.analysis.clip_library.incremental import shards
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.assets.embeddings import Embedding, embeddings
from insight_dagster.assets.metadata_table import Describing, metadata_table
from insight_dagster.assets.steps.checks import OwnChecks
from insight_dagster.assets.steps.per_class import Metadata, Outcomes, for_each_class_and_asset
from insight_dagster.pipeline.class_checks import ClassChecks, ClassChecksResource
from insight_dagster.pipeline.measuring.class_clips import ClassClips, clips_of
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import BundleFolderResource
from insight_dagster.resources.model import ClassifierResource
from insight_dagster.resources.options import AnalysisOptions
from insight_dagster.resources.partitions import ACTION_CLASSES, MEASURING
from insight_dagster.resources.progress import Progress

Result = TypeVar("Result")
_VECTORS, _METADATA = embeddings.key, metadata_table.key


@dg.multi_asset(
    specs=[embeddings, metadata_table],
    can_subset=True,
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    pool="gpu",
)
def measurements(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    bundle_folder: BundleFolderResource,
    classifier: ClassifierResource,
    options: AnalysisOptions,
    progress: dg.ResourceParam[Progress],
    class_checks: ClassChecksResource,
) -> Iterator[dg.MaterializeResult]:
    """Decode a class's clips once, for the model and for the metadata, as far as they are asked.

    A class is committed in shards: a run that dies loses the one that it was at.
    """
    store, wanted = database.open(), set(context.selected_asset_keys)
    model = classifier.load() if _VECTORS in wanted else classifier.describe()

    def materialize(class_name: str) -> Outcomes:
        work = clips_of(
            context,
            class_name,
            library=clip_library,
            store=store,
            options=options,
            progress=progress,
        )
        return _Measuring(work, wanted, bundle_folder.sheets).run(model)

    checks = {_VECTORS: OwnChecks(class_checks, ClassChecks.vectors)}
    yield from for_each_class_and_asset(context, store, materialize, checks=checks)


class _Measuring:
    """One class's way through the step. What fails on one side costs the other nothing."""

    def __init__(self, work: ClassClips, wanted: Collection[dg.AssetKey], sheets: Path) -> None:
        self._work, self._wanted, self._sheets = work, wanted, sheets
        self._failed: dict[dg.AssetKey, Exception] = {}

    def run(self, model: VideoClassifier) -> Outcomes:
        """Go through the class by shards; what became of each asset."""
        embedding = self._attempt(_VECTORS, lambda: Embedding(self._work, model))
        describing = self._attempt(
            _METADATA, lambda: Describing(self._work, model.spec, self._sheets)
        )
        for shard in self._shards(embedding, describing):
            measuring = None
            if describing:
                measuring = self._attempt(_METADATA, partial(describing.begin, shard))
            if embedding:
                visit = measuring.see if measuring else None
                self._attempt(_VECTORS, partial(embedding.take, shard, visit))
            if describing and measuring:
                self._attempt(_METADATA, partial(describing.take, measuring))
        outcomes: dict[dg.AssetKey, Metadata | Exception] = {}
        for asset, side in ((_VECTORS, embedding), (_METADATA, describing)):
            if asset in self._wanted:
                metadata = self._attempt(asset, side.finish) if side else None
                outcomes[asset] = self._failed.get(asset) or metadata or {}
        return outcomes

    def _shards(
        self, embedding: Embedding | None, describing: Describing | None
    ) -> list[list[Clip]]:
        pending = {clip for side in (embedding, describing) if side for clip in side.pending}
        clips = [clip for clip in self._work.clips if clip in pending]
        return shards(clips, self._work.options.shard_clips)

    def _attempt(self, asset: dg.AssetKey, action: Callable[[], Result]) -> Result | None:
        """The action's result; None if the asset is not wanted, or has failed, or fails now."""
        if asset not in self._wanted or asset in self._failed:
            return None
        try:
            return action()
        except Exception as problem:
            self._failed[asset] = problem
            return None
