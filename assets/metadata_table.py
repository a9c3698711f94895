"""Measured properties of a clip: motion, similarity, sharpness, colour, foreground ratio."""

import dagster as dg
import pyarrow as pa

from assets.classes import Metadata, for_each_class
from assets.clip_manifest import clip_manifest
from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.incremental import clips_to_measure, plan_work, removed
from insight_dagster.analysis.metadata.user_functions import installed_functions
from insight_dagster.analysis.metadata_table import measure_clips, metadata_version
from insight_dagster.tables import CLIP_MANIFEST, METADATA_FRAMES, METADATA_TABLE
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
    functions = installed_functions()
    version = metadata_version(spec, functions)

    def materialize(class_name: str) -> Metadata:
        timer = Timer()
        clips = clips_to_measure(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
        before = store.rows(METADATA_TABLE, class_name)
        stored, stored_frames = (
            store.covering(table, class_name, column="metadata_version", version=version)
            for table in (METADATA_TABLE, METADATA_FRAMES)
        )
        work = plan_work(clips, stored)
        fresh = measure_clips(
            work.pending,
            spec=spec,
            functions=functions,
            workers=options.workers,
            decode=clip_library.decoding().decode_window,
            progress=progress.track(context, f"metadata_table · {class_name}", len(work.pending)),
        )
        for name, problem in fresh.function_problems.items():
            context.log.warning(f"metadata function {name} {problem}")
        rows = _after(work.reused, fresh.table)
        frames = _after(plan_work(work.covered, stored_frames).reused, fresh.frames)
        store.write(
            Quarantining(fresh.problems),
            Merging(METADATA_TABLE, rows, class_name),
            Merging(METADATA_FRAMES, frames, class_name),
        )
        return {
            "computed": fresh.table.num_rows,
            "reused": work.reused.num_rows,
            "removed": removed(before, rows),
            "quarantined": len(fresh.problems),
            **{f"function {name}": problem for name, problem in fresh.function_problems.items()},
            **timer.facts(fresh.table.num_rows),
            **table_metadata(METADATA_TABLE, rows),
        }

    return for_each_class(context, store, materialize)


def _after(reused: pa.Table, fresh: pa.Table) -> pa.Table:
    return pa.concat_tables([reused.cast(fresh.schema), fresh])
