"""The runs of a site: one folder each, the newest ten, and the pictures that they use.

Belongs here: publishing, listing and deleting runs. Does not: what is in a run (`run_scripts`).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from insight_dagster.files.atomic import draft_folder, publish_folder
from insight_dagster.report.packing import script

RUNS_KEPT = 10
FORMAT = 3
"""Raise it whenever the page would misread what an earlier version wrote: such runs are deleted."""
_FACTS, _FILES = "run.json", "pictures.txt"
_PICTURES = ("sheets", "thumbs", "heat")


def publish(
    site: Path,
    name: str,
    scripts: Mapping[str, str],
    *,
    facts: dict[str, Any],
    pictures: Iterable[str],
) -> None:
    """Add a run to a site, in the place of what the same run wrote before.

    A reader sees each run whole or not at all.

    Args:
        site: folder of the site.
        name: of the run's folder.
        scripts: texts by file name.
        facts: what the list of runs says of it.
        pictures: files that the run shows, relative to the site.
    """
    folder, known = site / "runs" / name, known_runs(site)
    # A count, because a clock can be set back.
    others = [run["number"] for run in known if run["run_id"] != facts["run_id"]]
    number = 1 + max(others, default=0)
    with draft_folder(folder) as draft:
        for file, text in scripts.items():
            path = draft / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n", errors="replace")
        (draft / _FILES).write_text("\n".join(sorted(pictures)) + "\n", encoding="utf-8")
        stored = {**facts, "name": name, "number": number, "format": FORMAT}
        (draft / _FACTS).write_text(json.dumps(stored), encoding="utf-8")
        publish_folder(draft, folder)
    for run in known:
        if run["run_id"] == facts["run_id"] and run["name"] != name:
            shutil.rmtree(site / "runs" / run["name"], ignore_errors=True)


def known_runs(site: Path) -> list[dict[str, Any]]:
    """Return the facts of the runs that the page can read, the one published last first."""
    found = []
    for file in sorted((site / "runs").glob(f"*/{_FACTS}")):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if facts.get("format") == FORMAT and facts.get("name") == file.parent.name:
            found.append(facts)
    return sorted(found, key=lambda facts: int(facts["number"]), reverse=True)


def delete_old_runs(site: Path) -> None:
    """Delete all runs but the newest ten, what is no run, and pictures that no run shows.

    Nothing is deleted while the files of a run cannot be read: the run may be intact.
    """
    if not all(_is_readable(file) for file in (site / "runs").glob(f"*/{_FACTS}")):
        return
    kept = {facts["name"] for facts in known_runs(site)[:RUNS_KEPT]}
    for folder in (site / "runs").iterdir():
        if folder.name not in kept and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
    used: set[str] = set()
    for name in kept:
        used.update((site / "runs" / name / _FILES).read_text(encoding="utf-8").split("\n"))
    for kind in _PICTURES:
        for path in (site / kind).rglob("*"):
            if path.is_file() and str(path.relative_to(site)) not in used:
                path.unlink(missing_ok=True)


def _is_readable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True


def runs_script(site: Path) -> str:
    """Return the script with the list of runs that `delete_old_runs` keeps."""
    return script("runs", known_runs(site)[:RUNS_KEPT])


def run_name(created_at: str, run_id: str) -> str:
    """Return the name of a run's folder, from when it was made and its id."""
    digits = re.sub(r"\D", "", created_at)[:14]
    return f"{digits}-{re.sub(r'[^0-9A-Za-z]', '', run_id)[:12] or 'run'}"
