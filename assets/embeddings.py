"""A clip's latent vector and what the model says of it."""

import dagster as dg
import pyarrow as pa

from assets.check_steps import CheckEvents, OwnChecks, check_every_class, per_class
from assets.classes import Metadata, for_each_class
from assets.clip_manifest import clip_manifest
from assets.judges import Judges, JudgesResource
from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.embeddings import embed_clips
from insight_dagster.analysis.incremental import clips_to_measure, plan_work, removed
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.predictions import OF_LABEL, prediction_rows
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS
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
    pool="gpu",
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
    judges: JudgesResource,
) -> dg.MaterializeResult:
    """Latent vectors and predictions of a class's clips, by the X3D model.

    Only clips whose contents this model has not seen are decoded. A clip that cannot be decoded
    is quarantined in the manifest and the run goes on.
    """
    store, model = database.open(), classifier.load()
    version = {"column": "model_fingerprint", "version": model.fingerprint}

    def materialize(class_name: str) -> Metadata:
        timer = Timer()
        clips = clips_to_measure(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
        before = store.rows(EMBEDDINGS, class_name)
        vectors = plan_work(clips, store.covering(EMBEDDINGS, class_name, **version))
        known = plan_work(vectors.covered, store.covering(PREDICTIONS, class_name, **version))
        fresh = embed_clips(
            vectors.pending,
            model,
            batch_size=options.batch_size,
            workers=options.workers,
            decode=clip_library.decoding().decode_window,
            progress=progress.track(context, f"embeddings · {class_name}", len(vectors.pending)),
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
            Quarantining(fresh.problems),
            Merging(EMBEDDINGS, rows, class_name),
            Merging(PREDICTIONS, predictions, class_name, OF_LABEL),
        )
        return {
            "computed": fresh.embeddings.num_rows,
            "reused": vectors.reused.num_rows,
            "removed": removed(before, rows),
            "quarantined": len(fresh.problems),
            "model_fingerprint": model.fingerprint,
            "random_weights": model.random_weights,
            **timer.facts(fresh.embeddings.num_rows),
            **table_metadata(PREDICTIONS, predictions),
        }

    checks = OwnChecks(judges, Judges.vectors)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="embeddings_complete",
    specs=per_class(
        embeddings,
        blocking=True,
        embeddings_complete="A usable clip has no finite vector of the present model.",
    ),
)
def embeddings_complete(
    context: dg.AssetCheckExecutionContext, judges: JudgesResource
) -> CheckEvents:
    """Every usable clip has one finite vector, all by the present model."""
    yield from check_every_class(context, judges.open(), Judges.embeddings_complete)


@dg.multi_asset_check(
    name="embeddings_checks",
    specs=per_class(
        embeddings,
        quarantined_share="Too many clips cannot be used, now that decoding was tried.",
    ),
)
def embeddings_checks(
    context: dg.AssetCheckExecutionContext, judges: JudgesResource
) -> CheckEvents:
    """How many clips are left of the class."""
    yield from check_every_class(context, judges.open(), Judges.embeddings)
