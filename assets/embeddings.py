"""A clip's latent vector and what the model says of it."""

import dagster as dg
import pyarrow as pa

from assets.clip_manifest import clip_manifest, quarantine_result
from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.embeddings import embed_clips
from insight_dagster.analysis.health import inspect_embeddings
from insight_dagster.analysis.incremental import clips_to_measure, plan_work
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.predictions import prediction_rows
from insight_dagster.database import Quarantining, Replacement
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS
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
    kinds={"pytorch", "duckdb"},
    owners=["team:video-models"],
)
def embeddings(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    classifier: ClassifierResource,
    options: AnalysisOptions,
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult:
    """Latent vectors and predictions of the class's clips, by the X3D model.

    Only clips whose contents this model has not seen are decoded. A clip that cannot be decoded
    is quarantined in the manifest and the run goes on.
    """
    timer = Timer()
    class_name, store, model = context.partition_key, database.open(), classifier.load()
    clips = clips_to_measure(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
    version = {"column": "model_fingerprint", "version": model.fingerprint}
    vectors = plan_work(clips, store.covering(EMBEDDINGS, class_name, **version))
    known = plan_work(vectors.covered, store.covering(PREDICTIONS, class_name, **version))
    fresh = embed_clips(
        vectors.pending,
        model,
        batch_size=options.batch_size,
        workers=options.workers,
        progress=progress.track(context, "embeddings", len(vectors.pending)),
    )
    rows = pa.concat_tables([vectors.reused.cast(fresh.embeddings.schema), fresh.embeddings])
    # Loss and correctness depend on the label, which may have changed since: logits do not.
    relabelled = prediction_rows(
        known.covered,
        matrix_of(known.reused, "logits", width=len(model.labels)),
        labels=model.labels,
        model_fingerprint=model.fingerprint,
    )
    predictions = pa.concat_tables([relabelled, fresh.predictions])
    store.write(
        Replacement(EMBEDDINGS, rows, class_name),
        Replacement(PREDICTIONS, predictions, class_name),
        Quarantining(fresh.problems),
    )
    return dg.MaterializeResult(
        metadata={
            "computed": fresh.embeddings.num_rows,
            "reused": vectors.reused.num_rows,
            "quarantined": len(fresh.problems),
            "model_fingerprint": model.fingerprint,
            "random_weights": model.random_weights,
            **timer.facts(fresh.embeddings.num_rows),
            **table_metadata(PREDICTIONS, predictions),
        }
    )


@dg.asset_check(asset=embeddings, partitions_def=ACTION_CLASSES, blocking=True)
def embeddings_complete(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """Every usable clip has one finite vector, all by one model; if not, materialize again."""
    store, class_name = database.open(), context.partition_key
    health = inspect_embeddings(
        store.rows(CLIP_MANIFEST, class_name), store.rows(EMBEDDINGS, class_name)
    )
    return dg.AssetCheckResult(passed=health.passed, metadata=health.facts())


@dg.asset_check(asset=embeddings, partitions_def=ACTION_CLASSES)
def quarantined_share(
    context: dg.AssetCheckExecutionContext,
    database: DatabaseResource,
    options: AnalysisOptions,
) -> dg.AssetCheckResult:
    """Too many clips of a class cannot be used, now that decoding was tried."""
    return quarantine_result(
        database.open().rows(CLIP_MANIFEST, context.partition_key), options.max_quarantined_share
    )
