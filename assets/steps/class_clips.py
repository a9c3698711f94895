"""The clips of a class for steps that decode videos, put together from the resources."""

import dagster as dg

from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.clip_manifest import list_replaced
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.progress import Progress
from insight_dagster.tables import CLIP_MANIFEST


def open_class(
    context: dg.AssetExecutionContext,
    class_name: str,
    *,
    library: ClipLibraryResource,
    database: DatabaseResource,
    options: OptionsResource,
    progress: Progress,
) -> ClassClips:
    """Return the usable clips of a class, with everything that is needed to decode them."""
    store, decoding = database.open(), library.decoding()
    return ClassClips(
        name=class_name,
        clips=usable_clips(store.rows(CLIP_MANIFEST, class_name), library.root),
        store=store,
        decode=decoding.decode_window,
        list_again=lambda: list_replaced(
            store, library.root, class_name, read_facts=decoding.probe
        ),
        batch_size=options.batch_size,
        workers=options.workers,
        shard_clips=options.shard_clips,
        follow=lambda asset, total: progress.track(context, f"{asset} · {class_name}", total),
        warn=context.log.warning,
    )
