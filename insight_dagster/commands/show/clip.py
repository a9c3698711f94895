"""`insight clip`: everything the tables hold about one clip."""

from __future__ import annotations

from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import mark_random
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.errors import LibraryError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings

_FACTS = ("clip_manifest", "predictions", "metadata_table", "projection", "clusters")
_HIDDEN = ("logits", "signature", "embedding", "modified_ns")
_MEMBERSHIPS = """
    SELECT i.kind, i.class_name, m.weight, m.suggested_class, m.partner_clip_id, i.sentence,
           i.insight_id
    FROM insight_members m JOIN insights i USING (insight_id)
    WHERE m.clip_id = ? ORDER BY i.severity DESC"""


def show_clip(settings: Settings, *, clip_id: str, as_json: bool, console: Console) -> None:
    """Print a clip's manifest, prediction, metadata, projection, cluster, insights and heatmaps.

    Raises:
        LibraryError: not exactly one clip has an id that begins with `clip_id`.
    """
    store = open_database(settings)
    found = _find(store, clip_id)
    facts: dict[str, Any] = {table: _row(store, table, found) for table in _FACTS}
    facts["insights"] = store.read(_MEMBERSHIPS, [found]).to_pylist()
    heatmaps = "SELECT target, method, path, volume_path FROM heatmap_bundles WHERE clip_id = ?"
    facts["heatmap_bundles"] = store.read(heatmaps, [found]).to_pylist()
    if as_json:
        print_json("clip", **facts)
        return
    mark_random(settings, console)
    for name, value in facts.items():
        rows = value if isinstance(value, list) else _upright(value)
        print_rows(console, rows, title=name, empty=f"{name}: nothing")


def _find(store: Database, clip_id: str) -> str:
    sql = "SELECT clip_id FROM clip_manifest WHERE starts_with(clip_id, ?) ORDER BY ALL LIMIT 6"
    matches = store.read(sql, [clip_id])["clip_id"].to_pylist()
    if not matches:
        raise LibraryError(
            f"no clip has an id that begins with {clip_id!r}; `insight export` writes all ids"
        )
    if len(matches) > 1 and clip_id not in matches:
        raise LibraryError(
            f"clip id {clip_id!r} is ambiguous: {', '.join(matches)}; give more of it"
        )
    return clip_id if clip_id in matches else matches[0]


def _row(store: Database, table: str, clip_id: str) -> dict[str, Any]:
    rows = store.read(f"SELECT * FROM {table} WHERE clip_id = ?", [clip_id]).to_pylist()  # noqa: S608
    row = {key: rows[0][key] for key in rows[0] if key not in _HIDDEN} if rows else {}
    return row | dict(row.pop("extra", ()))


def _upright(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"field": name, "value": value} for name, value in row.items() if value is not None]
