"""What still has to be computed: clips, or fits, that no earlier result covers.

Pure selection belongs here; where earlier results are stored does not. Results are matched by
content (file bytes and window), never by name, so a renamed or copied clip costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.clip_library.clip import Clip


@dataclass(frozen=True)
class WorkPlan:
    """A class's work: rows that can be taken over, clips that must be computed.

    Attributes:
        covered: clips whose contents an earlier result covers.
        reused: their stored rows in the same order, with this class's `clip_id` and `class_name`.
        pending: clips to decode.
    """

    covered: tuple[Clip, ...]
    reused: pa.Table
    pending: tuple[Clip, ...]


def usable(manifest: pa.Table) -> pa.Table:
    """The manifest's rows that are not quarantined."""
    return manifest.filter(pc.equal(manifest["status"], "ok"))


def usable_clips(manifest: pa.Table, library: Path) -> list[Clip]:
    """The usable clips of a manifest, with absolute paths, in clip-id order."""
    rows = usable(manifest).sort_by("clip_id").to_pylist()
    return [
        Clip(
            clip_id=row["clip_id"],
            class_name=row["class_name"],
            content_key=row["content_key"],
            path=library / row["path"],
            start=row["window_start"],
            end=row["window_end"],
            decoder=row["decoder"],
        )
        for row in rows
    ]


def plan_work(clips: Sequence[Clip], stored: pa.Table) -> WorkPlan:
    """Split clips into those that `stored` covers and those to compute.

    Args:
        clips: the class's usable clips.
        stored: earlier rows with a `content_key`, already limited to the present model or
            definitions; rows of other classes may be among them.
    """
    position = {key: index for index, key in enumerate(stored["content_key"].to_pylist())}
    covered = [clip for clip in clips if clip.content_key in position]
    rows = stored.take(pa.array([position[clip.content_key] for clip in covered], pa.int64()))
    return WorkPlan(
        covered=tuple(covered),
        reused=_relabelled(rows, covered),
        pending=tuple(clip for clip in clips if clip.content_key not in position),
    )


def shards(clips: Sequence[Clip], size: int) -> list[list[Clip]]:
    """Clips in groups of at most `size` contents; copies of one content stay together.

    At least one group, which is empty where there is no clip.
    """
    copies: dict[str, list[Clip]] = {}
    for clip in clips:
        copies.setdefault(clip.content_key, []).append(clip)
    groups = list(copies.values())
    starts = range(0, max(len(groups), 1), size)
    return [[clip for group in groups[at : at + size] for clip in group] for at in starts]


def removed(before: pa.Table, after: pa.Table) -> int:
    """How many clips had a row before and have none any more."""
    return len(set(before["clip_id"].to_pylist()) - set(after["clip_id"].to_pylist()))


def _relabelled(rows: pa.Table, clips: list[Clip]) -> pa.Table:
    for name in ("clip_id", "class_name"):
        values = pa.array([getattr(clip, name) for clip in clips], pa.string())
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows
