"""The usable clips of a manifest, and those of them that have no stored result yet.

Results are matched by content (file bytes and window) and never by name, so that a renamed or
copied clip is not computed again. Reading stored results (`database`) does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.tables.status import ClipStatus


@dataclass(frozen=True)
class WorkPlan:
    """The clips of a class, split into those with stored results and those to compute.

    Attributes:
        covered: clips whose content has a stored result.
        reused: the stored rows of `covered` in the same order, with their `clip_id` and
            `class_name`.
        pending: clips to decode.
    """

    covered: tuple[Clip, ...]
    reused: pa.Table
    pending: tuple[Clip, ...]


def usable_rows(manifest: pa.Table) -> pa.Table:
    """Return the rows of a manifest that are not quarantined."""
    return manifest.filter(pc.equal(manifest["status"], ClipStatus.OK))


def usable_clips(manifest: pa.Table, library: Path) -> list[Clip]:
    """Return the usable clips of a manifest, sorted by clip id.

    Args:
        manifest: rows of `clip_manifest`.
        library: folder that the rows' paths are relative to.
    """
    rows = usable_rows(manifest).sort_by("clip_id").to_pylist()
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
    """Split clips into those with a stored result and those to compute.

    Args:
        clips: usable clips of a class.
        stored: stored rows with a `content_key`, only of the current model or metadata version;
            rows of other classes may be among them.
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
    """Split clips into groups of at most `size` contents; copies of a content stay together.

    Returns:
        At least one group, which is empty if there are no clips.
    """
    copies: dict[str, list[Clip]] = {}
    for clip in clips:
        copies.setdefault(clip.content_key, []).append(clip)
    groups = list(copies.values())
    starts = range(0, max(len(groups), 1), size)
    return [[clip for group in groups[at : at + size] for clip in group] for at in starts]


def count_removed(before: pa.Table, after: pa.Table) -> int:
    """Count the clips with a row in `before` and none in `after`."""
    return len(set(before["clip_id"].to_pylist()) - set(after["clip_id"].to_pylist()))


def _relabelled(rows: pa.Table, clips: list[Clip]) -> pa.Table:
    for name in ("clip_id", "class_name"):
        values = pa.array([getattr(clip, name) for clip in clips], pa.string())
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows
