"""What a run adds to a site: scripts with its data, and its line in the list of runs.

The data of each page come from `pages/`, pictures from `pictures`; `runs` stores the result.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from insight_dagster.report.packing import pack_numbers, script
from insight_dagster.report.pages.clip_columns import (
    core_columns,
    fields_shown,
    joined_clips,
    view_columns,
)
from insight_dagster.report.pages.insight_cards import identities, insight_cards
from insight_dagster.report.pages.overview import overview
from insight_dagster.report.pictures import MOST_SHEETS, Pictures
from insight_dagster.report.report_data import ReportData
from insight_dagster.report.runs import run_name

_LISTED = (
    "created_at", "ledger_sequence", "accuracy", "clips", "run_id", "model_fingerprint",
    "random_weights",
)  # fmt: skip


@dataclass(frozen=True)
class RunScripts:
    """The scripts of a run and what is known of it.

    Attributes:
        name: of the run's folder.
        parts: JSON-ready values by the name of their script.
        facts: what the list of runs says of the run.
        pictures: files of the site that the run shows, relative to the site.
    """

    name: str
    parts: dict[str, Any]
    facts: dict[str, Any]
    pictures: frozenset[str]

    @property
    def texts(self) -> dict[str, str]:
        """The scripts by file name."""
        return {f"{part}.js": script(f"{self.name}/{part}", v) for part, v in self.parts.items()}


def run_scripts(data: ReportData, site: Path, *, since: int | None) -> RunScripts:
    """Return the scripts of a run; its pictures are written into the site.

    Args:
        data: the tables to show.
        site: folder of the site.
        since: the ledger's last number in the run before; None = there is none.
    """
    clips = joined_clips(data)
    pictures = Pictures(site, data.home)
    summary = overview(data, clips, since=since)
    parts = {"overview": summary, **_clip_parts(data, clips, pictures)}
    facts = {
        **{key: summary["facts"][key] for key in _LISTED},
        "digest": _digest(parts),
        "insights": {card["key"]: card["sentence"] for card in parts["insights"]["cards"]},
    }
    name = run_name(f"{data.created_at:%Y%m%d%H%M%S}", data.run_id)
    return RunScripts(name, parts, facts, frozenset(pictures.used))


def _clip_parts(data: ReportData, clips: pd.DataFrame, pictures: Pictures) -> dict[str, Any]:
    """Return all parts of a run but the overview, by name."""
    chosen = _rows_to_picture(clips, set(data.insight_members["clip_id"]))
    pictured = np.zeros(len(clips), bool)
    pictured[chosen] = pictures.sheets(clips["content_key"].iloc[chosen])
    keys = clips["content_key"][pictured].tolist()
    return {
        "clips": {
            "rows": len(clips),
            "columns": core_columns(clips, pictured),
            "thumbs": pictures.thumbnails(keys),
        },
        "insights": {
            "cards": insight_cards(data, clips, pictures),
            "definitions": data.definitions,
            **identities(data.insight_ledger),
        },
        "views": view_columns(clips, data.nearest),
        **{f"fields/{each.name}": pack_numbers(clips[each.name]) for each in fields_shown()},
    }


def _rows_to_picture(clips: pd.DataFrame, members: set[str]) -> np.ndarray:
    """Return rows to show contact sheets of: all, or members, then wrong ones, then a sample."""
    if len(clips) <= MOST_SHEETS:
        return np.arange(len(clips))
    wrong = (clips["correct"] == False).to_numpy(bool)  # noqa: E712 - missing is neither
    rank = np.where(clips["clip_id"].isin(members), 0, np.where(wrong, 1, 2))
    mixed = np.random.default_rng(0).permutation(len(clips))
    return np.sort(mixed[np.argsort(rank[mixed], kind="stable")][:MOST_SHEETS])


def _digest(parts: dict[str, Any]) -> str:
    """Return a digest of what a run shows, except when it was made and what changed before."""
    summary = {name: value for name, value in parts["overview"].items() if name != "changes"}
    summary["facts"] = {**summary["facts"], "created_at": None, "run_id": None}
    text = json.dumps({**parts, "overview": summary}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
