"""The use case of the step `measurements`: embeddings and metadata from frames decoded once.

How the two share a pass over the clips belongs here; what each of them computes and writes is in
`embedding` and `metadata`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.pending_clips import shards
from insight_dagster.analysis.clip_library.quarantine_counts import count_replaced
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.errors import DatabaseUnavailableError
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.measuring.embedding import EmbeddingPass
from insight_dagster.pipeline.measuring.metadata import MetadataPass
from insight_dagster.pipeline.measuring.pass_facts import facts_of_both
from insight_dagster.pipeline.step_result import StepResult
from insight_dagster.tables import CLIP_MANIFEST

_Result = TypeVar("_Result")
_LISTED_AGAIN = 2
EMBEDDINGS, METADATA_TABLE = "embeddings", "metadata_table"
"""Names of the two assets."""


def measure_class(
    work: ClassClips, model: VideoClassifier, *, assets: Collection[str], sheets: Path
) -> Mapping[str, StepResult | Exception]:
    """Decode a class's clips once, and compute embeddings, metadata or both.

    A failure of one asset does not affect the other. The class is committed in shards, so that a
    killed run loses only the current shard. A clip whose file changed since it was listed is
    listed again and measured under its new contents; if the file changes again and again, it is
    left out until the next run.

    Args:
        work: the class's clips.
        model: the classifier.
        assets: names of the assets to compute.
        sheets: folder of the contact sheets.

    Returns:
        By asset, the result, or the exception that it failed with.
    """
    outcomes = _OnePass(work, assets).run(model, sheets)
    for _ in range(_LISTED_AGAIN):
        replaced = count_replaced(work.store.rows(CLIP_MANIFEST, work.name))
        if not replaced:
            break
        work.warn(f"{replaced} clips of {work.name!r} changed since they were listed; listed again")
        work = replace(work, clips=work.list_again())
        measured = {
            name: result for name, result in outcomes.items() if isinstance(result, StepResult)
        }
        again = _OnePass(work, measured).run(model, sheets)
        outcomes |= {name: _with_earlier(measured[name], each) for name, each in again.items()}
    return outcomes


def _with_earlier(earlier: StepResult, later: StepResult | Exception) -> StepResult | Exception:
    """Return the result of a pass with the facts of the pass before it, whose rows it reused."""
    if isinstance(later, Exception):
        return later
    return StepResult(later.table, later.rows, facts_of_both(earlier.facts, later.facts))


class _OnePass:
    def __init__(self, work: ClassClips, assets: Collection[str]) -> None:
        self._work, self._assets = work, assets
        self._failed: dict[str, Exception] = {}

    def run(self, model: VideoClassifier, sheets: Path) -> dict[str, StepResult | Exception]:
        embedding = self._attempt(EMBEDDINGS, lambda: EmbeddingPass(self._work, model))
        metadata = self._attempt(
            METADATA_TABLE, lambda: MetadataPass(self._work, model.spec, sheets)
        )
        for shard in self._shards(embedding, metadata):
            measuring = None
            if metadata:
                measuring = self._attempt(METADATA_TABLE, partial(metadata.begin, shard))
            if embedding:
                visit = measuring.add if measuring else None
                self._attempt(EMBEDDINGS, partial(embedding.run, shard, visit))
            if metadata and measuring:
                self._attempt(METADATA_TABLE, partial(metadata.finish, measuring))
        outcomes: dict[str, StepResult | Exception] = {}
        for name, side in ((EMBEDDINGS, embedding), (METADATA_TABLE, metadata)):
            result = self._attempt(name, side.result) if side else None
            if name in self._failed:
                outcomes[name] = self._failed[name]
            elif result is not None:
                outcomes[name] = result
        return outcomes

    def _shards(
        self, embedding: EmbeddingPass | None, metadata: MetadataPass | None
    ) -> list[list[Clip]]:
        pending = {clip for side in (embedding, metadata) if side for clip in side.pending}
        # The windows of a file one after the other: the decoder then reads the file once.
        clips = sorted(
            (clip for clip in self._work.clips if clip in pending), key=lambda clip: clip.path
        )
        return shards(clips, self._work.shard_clips)

    def _attempt(self, asset: str, action: Callable[[], _Result]) -> _Result | None:
        """Return the action's result; None if the asset is not selected, or has failed."""
        if asset not in self._assets or asset in self._failed:
            return None
        try:
            return action()
        except DatabaseUnavailableError:  # no other class could be stored either
            raise
        except Exception as problem:
            self._failed[asset] = problem
            return None
