"""The usable clips of one class, with everything that a step needs to decode and measure them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode
from insight_dagster.database import Database

ProgressCallback = Callable[[int], None]
"""Called with the number of clips that were just done."""


@dataclass(frozen=True)
class ClassClips:
    """The usable clips of one class.

    Attributes:
        name: name of the class.
        clips: the clips, sorted by clip id.
        store: the database.
        decode: decodes the frames of a clip.
        list_again: lists the clips again whose files changed while they were being read, and
            returns the usable clips.
        batch_size: clips per forward pass.
        workers: number of threads.
        shard_clips: largest number of clips that are committed together.
        follow: starts to report progress, given an asset's name and its number of clips.
        warn: logs a warning.
    """

    name: str
    clips: Sequence[Clip]
    store: Database
    decode: Decode
    list_again: Callable[[], Sequence[Clip]]
    batch_size: int
    workers: int
    shard_clips: int
    follow: Callable[[str, int], ProgressCallback]
    warn: Callable[[str], None]
