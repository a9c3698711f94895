"""A clip's latent vector and what the model says of it."""

from collections.abc import Sequence

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.clip_library.clips import Clip
from insight_dagster.analysis.clip_library.incremental import plan_work, removed
from insight_dagster.analysis.embeddings.embeddings import EmbeddedClips, Visit, embed_clips
from insight_dagster.analysis.embeddings.predictions import OF_LABEL, prediction_rows
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.assets.clip_manifest import clip_manifest
from insight_dagster.assets.steps.checks import CheckEvents, check_every_class, per_class
from insight_dagster.assets.steps.per_class import Metadata
from insight_dagster.assets.steps.ui_metadata import Timer, table_metadata
from insight_dagster.database.writes import MergeRows, QuarantineClips
from insight_dagster.pipeline.class_checks import ClassChecks, ClassChecksResource
from insight_dagster.pipeline.measuring.class_clips import ClassClips
from insight_dagster.tables import EMBEDDINGS, PREDICTIONS
from insight_dagster.tables.arrays import matrix_of

embeddings = dg.AssetSpec(
    "embeddings",
    deps=[clip_manifest],
    description="Latent vectors and predictions of a class's clips, by the X3D model. Only clips "
    "whose contents this model has not seen are decoded. A clip that cannot be decoded is "
    "quarantined in the manifest and the run goes on.",
    group_name="clips",
    kinds={"pytorch", "duckdb"},
    owners=["team:video-models"],
)


class Embedding:
    """A class's vectors and predictions; every shard of it is committed when it is done.

    Attributes:
        pending: clips to run the model on.
    """

    def __init__(self, work: ClassClips, model: VideoClassifier) -> None:
        self._work, self._model, self._timer = work, model, Timer()
        store, name = work.store, work.name
        version = {"column": "model_fingerprint", "version": model.fingerprint}
        self._before = store.rows(EMBEDDINGS, name)
        vectors, predictions = (
            store.covering(table, name, **version) for table in (EMBEDDINGS, PREDICTIONS)
        )
        # Read one after the other: what only one of them has is computed again.
        predicted = pc.is_in(vectors["content_key"], predictions["content_key"])
        self._vectors = plan_work(work.clips, vectors.filter(predicted))
        self._known = plan_work(self._vectors.covered, predictions)
        self.pending = self._vectors.pending
        self._advance = work.follow(embeddings, len(self.pending))
        self._done: list[EmbeddedClips] = []

    def take(self, shard: Sequence[Clip], visit: Visit | None) -> None:
        """Run the model on what is pending of a shard, and write it.

        Args:
            shard: clips of the class.
            visit: is shown the frames as well.
        """
        work, wanted = self._work, set(self.pending)
        fresh = embed_clips(
            [clip for clip in shard if clip in wanted],
            self._model,
            batch_size=work.options.batch_size,
            workers=work.options.workers,
            decode=work.decode,
            visit=visit,
            progress=self._advance,
        )
        rows, predictions = fresh.embeddings, fresh.predictions
        if not self._done:
            rows = pa.concat_tables([self._vectors.reused.cast(rows.schema), rows])
            predictions = pa.concat_tables([self._relabelled(), predictions])
        work.store.write(
            QuarantineClips(fresh.problems),
            MergeRows(EMBEDDINGS, rows, work.name),
            MergeRows(PREDICTIONS, predictions, work.name, OF_LABEL),
        )
        self._done.append(EmbeddedClips(rows, predictions, fresh.problems))

    def finish(self) -> Metadata:
        """What to show of the class."""
        rows, predictions = (
            pa.concat_tables(getattr(each, name) for each in self._done)
            for name in ("embeddings", "predictions")
        )
        computed = rows.num_rows - self._vectors.reused.num_rows
        return {
            "computed": computed,
            "reused": self._vectors.reused.num_rows,
            "removed": removed(self._before, rows),
            "quarantined": sum(len(each.problems) for each in self._done),
            "model_fingerprint": self._model.fingerprint,
            "random_weights": self._model.random_weights,
            **self._timer.facts(computed),
            **table_metadata(PREDICTIONS, predictions),
        }

    def _relabelled(self) -> pa.Table:
        """Predictions that are known already.

        Loss and correctness depend on the label, which may have changed since: logits do not.
        """
        return prediction_rows(
            self._known.covered,
            matrix_of(self._known.reused, "logits", width=len(self._model.labels)),
            labels=self._model.labels,
            model_fingerprint=self._model.fingerprint,
        )


@dg.multi_asset_check(
    name="embeddings_complete",
    specs=per_class(
        embeddings,
        blocking=True,
        embeddings_complete="A usable clip has no finite vector of the present model.",
    ),
)
def embeddings_complete(
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Every usable clip has one finite vector, all by the present model."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.embeddings_complete)


@dg.multi_asset_check(
    name="embeddings_checks",
    specs=per_class(
        embeddings,
        quarantined_share="Too many clips cannot be used, now that decoding was tried.",
    ),
)
def embeddings_checks(
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """How many clips are left of the class."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.embeddings)
