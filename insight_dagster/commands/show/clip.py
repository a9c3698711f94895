"""`insight clip`: everything the tables hold about one clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import warn_random
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.database.quoting import literal
from insight_dagster.errors import UnknownClipError
from insight_dagster.files.visible_text import visible
from insight_dagster.pipeline.home import has_random_predictions, open_database
from insight_dagster.settings import Settings

FACTS = ("clip_manifest", "predictions", "metadata_table", "projection", "clusters")
HIDDEN = ("logits", "signature", "embedding", "modified_ns")
_MOST_NAMED = 6
_CLIPS = "SELECT clip_id, class_name, split, path, window_start, window_end FROM clip_manifest"
_ORDER = "ORDER BY path, window_start, class_name"


def show_clip(settings: Settings, *, clip: str, as_json: bool, console: Console) -> None:
    """Print a clip's manifest, prediction, metadata, projection, cluster, insights and heatmaps.

    Several clips of one file, or of files with the same name, are listed instead.

    Args:
        settings: of the home.
        clip: a clip's id or the start of it; or its file: absolute, relative to the library, or
            the name of the file alone.
        as_json: print JSON instead of tables.
        console: to print to.

    Raises:
        UnknownClipError: no clip has such an id or file, or several have ids that begin so.
    """
    with open_database(settings).snapshot() as store:
        found = _find(store, settings.library_folder, clip)
        facts = _facts(store, found[0]["clip_id"]) if len(found) == 1 else _no_facts()
        random = has_random_predictions(store)
    if as_json:
        print_json("clip", matches=found, **facts)
        return
    warn_random(random, console)
    if len(found) > 1:
        print_rows(console, found, title=f"{len(found)} clips of this file; name one", empty="")
        return
    for name, value in facts.items():
        rows = value if isinstance(value, list) else _upright(value)
        print_rows(console, rows, title=name, empty=f"{name}: nothing")


def _find(store: Database, library: Path, clip: str) -> list[dict[str, Any]]:
    """Return the clip with that id, or else all clips of that file."""
    begun = f"{_CLIPS} WHERE starts_with(clip_id, {literal(clip)}) {_ORDER}"
    matches = store.read(begun).to_pylist() if clip else []
    exact = [row for row in matches if row["clip_id"] == clip]
    if len(matches) <= 1 or exact:
        found = exact or matches or _of_file(store, library, clip)
        if found:
            return found
        raise UnknownClipError(
            f"no clip has an id that begins with {clip!r} or a file of that name; `insight export` "
            "writes all ids and paths"
        )
    names = ", ".join(row["clip_id"] for row in matches[:_MOST_NAMED])
    raise UnknownClipError(f"clip id {clip!r} is ambiguous: {names}; give more of it")


def _of_file(store: Database, library: Path, name: str) -> list[dict[str, Any]]:
    """Return the clips of a file: by its path, or else by its name, as it is or as it is shown."""
    wanted = _in_library(library, name)
    for where in (f"path = {literal(wanted)}", f"ends_with(path, {literal('/' + wanted)})"):
        found = store.read(f"{_CLIPS} WHERE {where} {_ORDER}").to_pylist()
        if found:
            return found
    if "\\" not in name:
        return []
    shown = [(visible(row["path"]), row) for row in store.read(f"{_CLIPS} {_ORDER}").to_pylist()]
    return [row for path, row in shown if path == wanted or path.endswith("/" + wanted)]


def _in_library(library: Path, name: str) -> str:
    """Return the path that the tables have for a file: relative to the library where it is."""
    path = Path(name).expanduser()
    for candidate in (path, Path.cwd() / path):
        for root in (library, library.resolve()):
            if candidate.is_absolute() and candidate.is_relative_to(root):
                path = candidate.relative_to(root)
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def _facts(store: Database, clip_id: str) -> dict[str, Any]:
    wanted = literal(clip_id)
    facts: dict[str, Any] = {table: _row(store, table, wanted) for table in FACTS}
    memberships = f"""
        SELECT i.insight_id, i.class_name, i.kind, m.weight, m.suggested_class, m.partner_clip_id,
               i.sentence
        FROM insight_members m JOIN insights i USING (insight_id)
        WHERE m.clip_id = {wanted} ORDER BY i.severity DESC"""  # noqa: S608
    heatmaps = f"""
        SELECT target, method, path, volume_path FROM heatmap_bundles
        WHERE clip_id = {wanted}"""  # noqa: S608
    facts["insights"] = store.read(memberships).to_pylist()
    facts["heatmap_bundles"] = store.read(heatmaps).to_pylist()
    return facts


def _no_facts() -> dict[str, Any]:
    return {**dict.fromkeys(FACTS), "insights": [], "heatmap_bundles": []}


def _row(store: Database, table: str, clip_id: str) -> dict[str, Any]:
    rows = store.read(f"SELECT * FROM {table} WHERE clip_id = {clip_id}").to_pylist()  # noqa: S608
    row = {key: rows[0][key] for key in rows[0] if key not in HIDDEN} if rows else {}
    return row | dict(row.pop("extra", None) or ())


def _upright(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"field": name, "value": value} for name, value in row.items() if value is not None]
