"""The use case of the step `measurements`: embeddings and metadata from frames decoded once.

How the two share a pass over the clips belongs here; what each of them computes and writes is in
`embedding` and `metadata`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.pending_clips import shards
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.errors import DatabaseUnavailableError
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.measuring.embedding import EmbeddingPass
from insight_dagster.pipeline.measuring.metadata import MetadataPass
from insight_dagster.pipeline.step_result import StepResult

_Result = TypeVar("_Result")
EMBEDDINGS, METADATA_TABLE = "embeddings", "metadata_table"
"""Names of the two assets."""


def measure_class(
    work: ClassClips, model: VideoClassifier, *, assets: Collection[str], sheets: Path
) -> Mapping[str, StepResult | Exception]:
    """Decode a class's clips once, and compute embeddings, metadata or both.

    A failure of one asset does not affect the other. The class is committed in shards, so that a
    killed run loses only the current shard.

    Args:
        work: the class's clips.
        model: the classifier.
        assets: names of the assets to compute.
        sheets: folder of the contact sheets.

    Returns:
        By asset, the result, or the exception that it failed with.
    """
    return _OnePass(work, assets).run(model, sheets)


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
        clips = [clip for clip in self._work.clips if clip in pending]
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
