"""What the assets that read clips share: a class's usable clips and the means to read them."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from insight_dagster.analysis.clip_library.clips import Clip
from insight_dagster.analysis.clip_library.incremental import usable_clips
from insight_dagster.analysis.decoding import Decode
from insight_dagster.database.connection import Database
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.options import AnalysisOptions
from insight_dagster.resources.progress import Progress, ProgressCallback
from insight_dagster.tables import CLIP_MANIFEST


@dataclass(frozen=True)
class ClassClips:
    """The usable clips of one class.

    Attributes:
        name: of the class.
        clips: in clip-id order.
        store: the database.
        options: threads, clips in a pass and in a shard.
        decode: reads a clip's frames.
    """

    context: dg.AssetExecutionContext
    name: str
    clips: Sequence[Clip]
    store: Database
    options: AnalysisOptions
    decode: Decode
    progress: Progress

    def follow(self, asset: dg.AssetSpec, total: int) -> ProgressCallback:
        """Begin a step of so many clips."""
        what = f"{asset.key.to_user_string()} · {self.name}"
        return self.progress.track(self.context, what, total)


def clips_of(
    context: dg.AssetExecutionContext,
    name: str,
    *,
    library: ClipLibraryResource,
    store: Database,
    options: AnalysisOptions,
    progress: Progress,
) -> ClassClips:
    """The usable clips that the manifest lists of a class."""
    clips = usable_clips(store.rows(CLIP_MANIFEST, name), library.root)
    decode = library.decoding().decode_window
    return ClassClips(context, name, clips, store, options, decode, progress)
