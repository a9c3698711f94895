"""What embedding and metadata share: a class's usable clips and the means to read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode
from insight_dagster.database import Database

ProgressCallback = Callable[[int], None]
"""Is called with the number of clips just done."""


@dataclass(frozen=True)
class ClassClips:
    """The usable clips of one class.

    Attributes:
        name: of the class.
        clips: in clip-id order.
        store: the database.
        decode: reads a clip's frames.
        batch_size: clips in a forward pass.
        workers: threads.
        shard_clips: most clips that are committed together.
        follow: begins to follow the progress of an asset, by its name and number of clips.
        warn: logs a warning.
    """

    name: str
    clips: Sequence[Clip]
    store: Database
    decode: Decode
    batch_size: int
    workers: int
    shard_clips: int
    follow: Callable[[str, int], ProgressCallback]
    warn: Callable[[str], None]
