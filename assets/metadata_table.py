"""Measured properties of a clip: motion, similarity, sharpness, colour, foreground ratio."""

import dagster as dg
import pyarrow as pa

from assets.classes import Metadata, for_each_class
from assets.clip_manifest import clip_manifest
from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.incremental import clips_to_measure, plan_work, removed
from insight_dagster.analysis.metadata_table import measure_clips, metadata_version
from insight_dagster.tables import CLIP_MANIFEST, METADATA_TABLE
from insight_dagster.writes import Merging, Quarantining
from resources.analysis_options import AnalysisOptions
from resources.classifier import ClassifierResource
from resources.clip_library import ClipLibraryResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES, MEASURING
from resources.progress import Progress


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    deps=[clip_manifest],
    group_name="clips",
    kinds={"opencv", "duckdb"},
    owners=["team:video-models"],
)
def metadata_table(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    classifier: ClassifierResource,
    options: AnalysisOptions,
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult:
    """Metadata of a class's clips, from the same frames that the model sees."""
    store, spec = database.open(), classifier.describe().spec
    version = metadata_version(spec)

    def materialize(class_name: str) -> Metadata:
        timer = Timer()
        clips = clips_to_measure(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
        before = store.rows(METADATA_TABLE, class_name)
        stored = store.covering(
            METADATA_TABLE, class_name, column="metadata_version", version=version
        )
        work = plan_work(clips, stored)
        fresh = measure_clips(
            work.pending,
            spec=spec,
            workers=options.workers,
            decode=clip_library.decoding().decode_window,
            progress=progress.track(context, f"metadata_table · {class_name}", len(work.pending)),
        )
        rows = pa.concat_tables([work.reused.cast(fresh.table.schema), fresh.table])
        store.write(Quarantining(fresh.problems), Merging(METADATA_TABLE, rows, class_name))
        return {
            "computed": fresh.table.num_rows,
            "reused": work.reused.num_rows,
            "removed": removed(before, rows),
            "quarantined": len(fresh.problems),
            **timer.facts(fresh.table.num_rows),
            **table_metadata(METADATA_TABLE, rows),
        }

    return for_each_class(context, store, materialize)
