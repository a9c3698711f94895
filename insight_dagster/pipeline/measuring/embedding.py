"""Embeddings and predictions of one class, computed and written in shards.

Which clips need the model and what is written belongs here; what the model computes is in
`insight_dagster.analysis.embeddings`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.pending_clips import count_removed, plan_work
from insight_dagster.analysis.embeddings.embeddings import EmbeddedClips, Visit, embed_clips
from insight_dagster.analysis.embeddings.predictions import OF_LABEL, prediction_rows
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database.writes import MergeRows, QuarantineClips
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.measuring.pass_facts import count_problems
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.tables import EMBEDDINGS, PREDICTIONS
from insight_dagster.tables.arrays import matrix_of


class EmbeddingPass:
    """The embedding of one class; every shard is committed when it is done.

    Attributes:
        pending: clips without a stored vector and prediction of this model.
    """

    def __init__(self, work: ClassClips, model: VideoClassifier) -> None:
        self._work, self._model, self._timer = work, model, Timer()
        store, name = work.store, work.name
        version = {"column": "model_fingerprint", "version": model.fingerprint}
        self._before = store.rows(EMBEDDINGS, name)
        vectors, predictions = (
            store.covering(table, name, **version) for table in (EMBEDDINGS, PREDICTIONS)
        )
        # The tables are read one after the other: a clip that only one of them has is pending.
        predicted = pc.is_in(vectors["content_key"], predictions["content_key"])
        self._vectors = plan_work(work.clips, vectors.filter(predicted))
        self._known = plan_work(self._vectors.covered, predictions)
        self.pending = self._vectors.pending
        self._advance = work.follow(EMBEDDINGS.name, len(self.pending))
        self._done: list[EmbeddedClips] = []

    def run(self, shard: Sequence[Clip], visit: Visit | None) -> None:
        """Run the model on the pending clips of a shard and write their rows.

        Args:
            shard: clips of the class.
            visit: called with the decoded frames of each clip.
        """
        work, pending = self._work, set(self.pending)
        fresh = embed_clips(
            [clip for clip in shard if clip in pending],
            self._model,
            batch_size=work.batch_size,
            workers=work.workers,
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

    def result(self) -> StepResult:
        """Return the predictions that were written, with facts about the pass."""
        rows, predictions = (
            pa.concat_tables(getattr(each, name) for each in self._done)
            for name in ("embeddings", "predictions")
        )
        computed = rows.num_rows - self._vectors.reused.num_rows
        facts = {
            "computed": computed,
            "reused": self._vectors.reused.num_rows,
            "removed": count_removed(self._before, rows),
            **count_problems(each.problems for each in self._done),
            "model_fingerprint": self._model.fingerprint,
            "random_weights": self._model.random_weights,
            **self._timer.facts(computed),
        }
        return StepResult(PREDICTIONS, predictions, facts)

    def _relabelled(self) -> pa.Table:
        """Return the stored predictions, scored with the clips' current labels.

        Loss and correctness depend on the label, which may have changed; the logits do not.
        """
        return prediction_rows(
            self._known.covered,
            matrix_of(self._known.reused, "logits", width=len(self._model.labels)),
            labels=self._model.labels,
            model_fingerprint=self._model.fingerprint,
        )
