"""The report: a static site that shows why the model fails, run by run.

Belongs here: the site's files, its content security policy, and that readers never see half of
it. Does not: what the pages say (`overview.py`, `clip_columns.py`, `insight_cards.py`), pictures
(`pictures.py`), runs (`runs.py`), how it looks and behaves (`static/`).
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from insight_dagster.errors import InsightError
from insight_dagster.files.atomic import write_atomically
from insight_dagster.report.module_linker import link
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
from insight_dagster.report.runs import known_runs, publish, run_name, runs_script, tidy

ENTRY = "main.js"
STYLES = ("page.css", "parts.css", "views.css")
PAGE = "index.html"
_STATIC = Path(__file__).with_name("static")
_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
))  # fmt: skip


def write_site(data: ReportData, folder: Path) -> Path:
    """Write a run into the site, which needs no network and no server.

    Runs written before stay, up to ten. A run that shows what the newest one shows adds nothing.
    A reader sees the site as it was or as it is then.

    Args:
        data: the tables to show.
        folder: of the site; made when missing.

    Returns:
        The page, `folder/index.html`.

    Raises:
        InsightError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _write_run(data, folder)
            named = _shared_files(folder)
            _replace(folder / "runs.js", runs_script(folder))
            _replace(folder / PAGE, _page(data.title, named))
            _forget_old(folder, set(named.values()))
            tidy(folder)
    except OSError as problem:
        raise InsightError(
            f"the report in {folder} cannot be written ({problem}); make the folder writable or "
            "choose another home"
        ) from problem
    return folder / PAGE


def _write_run(data: ReportData, folder: Path) -> None:
    """Publish the run, unless it shows nothing that the newest one does not show."""
    before = next((r for r in known_runs(folder) if r["run_id"] != data.run_id), None)
    clips = joined_clips(data)
    pictures = Pictures(folder, data.home)
    since = datetime.fromisoformat(before["at"]) if before else None
    summary = overview(data, clips, since=since)
    parts = {"overview": summary, **_parts(data, clips, pictures)}
    name = run_name(f"{data.created_at:%Y%m%d%H%M%S}", data.run_id)
    digest = _digest(parts)
    if before and before["digest"] == digest:
        return
    facts = {
        **{key: summary["facts"][key] for key in ("created_at", "accuracy", "clips", "run_id")},
        **{key: summary["facts"][key] for key in ("model_fingerprint", "random_weights")},
        "at": data.created_at.isoformat(),
        "digest": digest,
        "insights": {card["key"]: card["sentence"] for card in parts["insights"]["cards"]},
    }
    texts = {f"{part}.js": script(f"{name}/{part}", value) for part, value in parts.items()}
    publish(folder, name, texts, facts=facts, used=pictures.used)


def _parts(data: ReportData, clips: pd.DataFrame, pictures: Pictures) -> dict[str, Any]:
    """What the run's scripts hand over, by name; the overview left out."""
    chosen = _pictured(clips, set(data.insight_members["clip_id"]))
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


def _digest(parts: dict[str, Any]) -> str:
    """Of what a run shows, but for when it was made and what changed before."""
    summary = {name: value for name, value in parts["overview"].items() if name != "changes"}
    summary["facts"] = {**summary["facts"], "created_at": None, "run_id": None}
    text = json.dumps({**parts, "overview": summary}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _pictured(clips: pd.DataFrame, members: set[str]) -> np.ndarray:
    """Rows to show contact sheets of: members of insights, wrong ones, then others, spaced."""
    if len(clips) <= MOST_SHEETS:
        return np.arange(len(clips))
    wrong = (clips["correct"] == False).to_numpy(bool)  # noqa: E712 - missing is neither
    rank = np.where(clips["clip_id"].isin(members), 0, np.where(wrong, 1, 2))
    spaced = np.random.default_rng(0).permutation(len(clips))
    return np.sort(spaced[np.argsort(rank[spaced], kind="stable")][:MOST_SHEETS])


def _shared_files(folder: Path) -> dict[str, str]:
    """Write what all runs share under names that tell the contents; the names by their use."""
    modules = {name: _static(name) for name in static_names() if name.endswith(".js")}
    texts = {
        "script": ("app", "js", link(modules, ENTRY)),
        "style": ("app", "css", "\n".join(_static(name) for name in STYLES)),
    }
    named = {}
    for use, (stem, kind, text) in texts.items():
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        named[use] = f"{stem}-{digest}.{kind}"
        if not (folder / named[use]).is_file():
            _replace(folder / named[use], text)
    return named


def _forget_old(folder: Path, kept: set[str]) -> None:
    for old in folder.glob("app-*.*"):
        if old.name not in kept:
            old.unlink(missing_ok=True)


def _page(title: str, named: dict[str, str]) -> str:
    parts = {"title": html.escape(title), "policy": _POLICY, **named}
    # One pass: a placeholder inside a title is text, not a placeholder.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _static("page.html"))


def static_names() -> list[str]:
    """Return the files of `static/` as paths relative to it."""
    return sorted(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*.*"))


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _replace(target: Path, text: str) -> None:
    data = text.encode("utf-8", errors="replace")
    write_atomically(target, lambda draft: draft.write_bytes(data))
