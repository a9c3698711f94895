"""Measured properties of a clip: motion, similarity, sharpness, colour, foreground ratio."""

import dagster as dg
import pyarrow as pa

from assets.clip_manifest import clip_manifest
from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.incremental import clips_to_measure, plan_work
from insight_dagster.analysis.metadata_table import measure_clips, metadata_version
from insight_dagster.database import Quarantining, Replacement
from insight_dagster.tables import CLIP_MANIFEST, METADATA_TABLE
from resources.analysis_options import AnalysisOptions
from resources.classifier import ClassifierResource
from resources.clip_library import ClipLibraryResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES
from resources.progress import Progress


@dg.asset(
    partitions_def=ACTION_CLASSES,
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
    """Metadata of the class's clips, from the same frames that the model sees."""
    timer = Timer()
    class_name, store, spec = context.partition_key, database.open(), classifier.load().spec
    clips = clips_to_measure(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
    version = metadata_version(spec)
    work = plan_work(
        clips,
        store.covering(METADATA_TABLE, class_name, column="metadata_version", version=version),
    )
    fresh = measure_clips(
        work.pending,
        spec=spec,
        workers=options.workers,
        progress=progress.track(context, "metadata_table", len(work.pending)),
    )
    rows = pa.concat_tables([work.reused.cast(fresh.table.schema), fresh.table])
    store.write(Replacement(METADATA_TABLE, rows, class_name), Quarantining(fresh.problems))
    return dg.MaterializeResult(
        metadata={
            "computed": fresh.table.num_rows,
            "reused": work.reused.num_rows,
            "quarantined": len(fresh.problems),
            **timer.facts(fresh.table.num_rows),
            **table_metadata(METADATA_TABLE, rows),
        }
    )
