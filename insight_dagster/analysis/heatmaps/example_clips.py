"""The example clips of insights, and those of them that have no heatmap bundle yet.

Choosing clips belongs here; attribution and drawing (`heatmap_bundles`) do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip import Clip


@dataclass(frozen=True)
class Example:
    """A clip to explain, and the ids of the insights that it is an example of."""

    clip_id: str
    insight_ids: tuple[str, ...]


def choose_examples(
    insights: pa.Table, members: pa.Table, *, clip_ids: set[str], per_insight: int
) -> list[Example]:
    """Choose the members with the largest weights of each insight, most severe insight first.

    Args:
        insights: rows of `insights`.
        members: rows of `insight_members`.
        clip_ids: clips to choose from.
        per_insight: largest number of clips per insight; equal weights are ordered by clip id.
    """
    ranked = sorted(insights.to_pylist(), key=lambda row: (-row["severity"], row["insight_id"]))
    candidates = defaultdict(list)
    for row in members.to_pylist():
        if row["clip_id"] in clip_ids:
            candidates[row["insight_id"]].append((-row["weight"], row["clip_id"]))
    chosen: dict[str, list[str]] = {}
    for insight in ranked:
        for _, clip_id in sorted(candidates[insight["insight_id"]])[:per_insight]:
            chosen.setdefault(clip_id, []).append(insight["insight_id"])
    return [Example(clip_id, tuple(ids)) for clip_id, ids in chosen.items()]


@dataclass(frozen=True)
class BundleWork:
    """The heatmap bundles to make, and the stored rows to keep.

    Attributes:
        clips: clips to explain.
        targets: predicted label of each clip, whose logit is explained.
        reused: stored rows that are still valid.
    """

    clips: tuple[Clip, ...]
    targets: tuple[str, ...]
    reused: pa.Table


def plan_bundles(
    examples: Sequence[Example],
    clips: Sequence[Clip],
    *,
    predictions: pa.Table,
    stored: pa.Table,
    model_fingerprint: str,
    home: Path,
) -> BundleWork:
    """Split the examples into bundles to keep and bundles to make.

    A bundle is kept if content, model and target are unchanged and its files exist.

    Args:
        examples: clips to explain.
        clips: usable clips of the class.
        predictions: rows of `predictions` of the class.
        stored: rows of `heatmap_bundles` of the class.
        model_fingerprint: fingerprint of the current model.
        home: folder that stored paths are relative to.
    """
    by_id = {clip.clip_id: clip for clip in clips}
    targets = dict(
        zip(predictions["clip_id"].to_pylist(), predictions["predicted"].to_pylist(), strict=True)
    )
    wanted = {
        (example.clip_id, by_id[example.clip_id].content_key, targets[example.clip_id])
        for example in examples
    }
    kept = [
        row["model_fingerprint"] == model_fingerprint
        and (row["clip_id"], row["content_key"], row["target"]) in wanted
        and _files_exist(row, home)
        for row in stored.to_pylist()
    ]
    reused = stored.filter(pa.array(kept, pa.bool_()))
    done = set(reused["clip_id"].to_pylist())
    missing = [by_id[each.clip_id] for each in examples if each.clip_id not in done]
    return BundleWork(tuple(missing), tuple(targets[clip.clip_id] for clip in missing), reused)


def with_insights(reused: pa.Table, made: pa.Table, examples: Sequence[Example]) -> pa.Table:
    """Return all rows of `heatmap_bundles` with the ids of the insights they are examples of.

    Args:
        reused: stored rows that are kept.
        made: rows of new bundles, without `insight_ids`.
        examples: the clips and their insights.
    """
    rows = [*reused.to_pylist(), *made.to_pylist()]
    ids = {example.clip_id: list(example.insight_ids) for example in examples}
    rows = [{**row, "insight_ids": ids[row["clip_id"]]} for row in rows]
    return pa.Table.from_pylist(rows, schema=reused.schema)


def _files_exist(row: dict[str, Any], home: Path) -> bool:
    return (home / row["path"]).is_file() and (home / row["volume_path"]).is_file()
