"""Vectors and metadata of a class's clips, both from frames that are decoded once.

How the two share a pass over the clips belongs here; what each of them computes and writes is in
`embeddings.py` and `metadata_table.py`.
"""

from collections.abc import Callable, Iterator
from functools import partial

import dagster as dg

from assets.check_steps import OwnChecks
from assets.class_clips import ClassClips, clips_of
from assets.classes import Outcomes, for_each_class_and_asset
from assets.embeddings import Embedding, embeddings
from assets.judges import Judges, JudgesResource
from assets.metadata_table import Describing, metadata_table
from insight_dagster.analysis.incremental import shards
from resources.analysis_options import AnalysisOptions
from resources.classifier import ClassifierResource
from resources.clip_library import ClipLibraryResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES, MEASURING
from resources.progress import Progress

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
    classifier: ClassifierResource,
    options: AnalysisOptions,
    progress: dg.ResourceParam[Progress],
    judges: JudgesResource,
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
        return _measure(
            work,
            Embedding(work, model) if _VECTORS in wanted else None,
            Describing(work, model.spec) if _METADATA in wanted else None,
        )

    checks = {_VECTORS: OwnChecks(judges, Judges.vectors)}
    yield from for_each_class_and_asset(context, store, materialize, checks=checks)


def _measure(
    work: ClassClips, embedding: Embedding | None, describing: Describing | None
) -> Outcomes:
    """Go through a class by shards. What fails on one side costs the other nothing."""
    failed: dict[dg.AssetKey, Exception] = {}

    def attempt(asset: dg.AssetKey, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as problem:
            failed[asset] = problem

    pending = {clip for side in (embedding, describing) if side for clip in side.pending}
    for shard in shards([clip for clip in work.clips if clip in pending], work.options.shard_clips):
        measuring = describing.begin(shard) if describing and _METADATA not in failed else None
        if embedding and _VECTORS not in failed:
            visit = measuring.see if measuring else None
            attempt(_VECTORS, partial(embedding.take, shard, visit))
        if describing and measuring:
            attempt(_METADATA, partial(describing.take, measuring))
    sides = {_VECTORS: embedding, _METADATA: describing}
    return {asset: failed.get(asset) or side.finish() for asset, side in sides.items() if side}
