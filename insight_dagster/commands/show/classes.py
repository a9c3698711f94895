"""`insight classes`: the classes of a home, and removing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from insight_dagster.analysis.clip_library import scan
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import open_instance, partitions
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.database.writes import forget_class
from insight_dagster.errors import LibraryError, UnknownClassError
from insight_dagster.files.home_folders import sheet_path
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST, HEATMAP_BUNDLES

if TYPE_CHECKING:
    import dagster as dg

_ROWS = """
    SELECT m.class_name, count(*) AS clips,
           any_value(v.cleared) AS cleared, any_value(v.errors) AS errors
    FROM clip_manifest m LEFT JOIN verdicts v USING (class_name)
    GROUP BY ALL ORDER BY ALL"""


def show_classes(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print every class of the library, the partitions and the tables."""
    listed = set(partitions(settings))
    library, unknown = _library_classes(settings)
    stored: dict[str, dict[str, Any]] = {}
    if settings.folders.database.exists():
        stored = {row["class_name"]: row for row in open_database(settings).read(_ROWS).to_pylist()}
    rows = [
        {
            "class_name": name,
            "in_library": None if unknown else name in library,
            "has_partition": name in listed,
            "clips": stored.get(name, {}).get("clips", 0),
            "passes": stored.get(name, {}).get("cleared"),
            "failing_checks": stored.get(name, {}).get("errors") or [],
        }
        for name in sorted(library | listed | set(stored))
    ]
    if as_json:
        print_json("classes list", classes=rows, library_problem=unknown or None)
        return
    if unknown:
        console.labelled("note:", unknown, style="yellow")
    print_rows(console, rows, title="Classes", empty="The library has no class yet.")


def remove_class(
    settings: Settings, name: str, *, confirm: Callable[[str], bool], console: Console
) -> None:
    """Remove a class: its partition, its rows in every table, its heatmaps and contact sheets.

    Args:
        settings: of the home.
        name: of the class.
        confirm: called with what would be deleted; returns whether to go on.
        console: to print to.

    Raises:
        UnknownClassError: no partition and no row has the name.
        LibraryError: the library still has the class, or cannot be read, so that whether
            it has the class is not known then.
    """
    if name in scan(settings.library_folder).classes:
        raise LibraryError(
            f"{settings.library_folder} still has clips of {name!r}, and the sensor would add the "
            "class back; take them out of the library first"
        )
    with open_instance(settings) as instance:
        store = open_database(settings) if settings.folders.database.exists() else None
        known = set(instance.get_dynamic_partitions(settings.class_partitions))
        clips = _clips(store, name)
        if name not in known and not clips:
            raise UnknownClassError(f"no class {name!r} in this home; it has {sorted(known)}")
        if not confirm(f"{name!r}: a partition and all rows of {clips} clips will be deleted"):
            console.print("Nothing was changed.")
            return
        _forget(settings, store, instance, name)
    console.print(f"{name!r} was removed with the rows of {clips} clips.")


def _forget(
    settings: Settings, store: Database | None, instance: dg.DagsterInstance, name: str
) -> None:
    # The partition first: after an interruption rows are left, and the same command finds them.
    instance.delete_dynamic_partition(settings.class_partitions, name)
    if store is None:
        return
    bundles = store.rows(HEATMAP_BUNDLES, name).to_pylist()
    own = _contents(store, name)
    store.write(*forget_class(name))
    for key in own - _contents(store):
        sheet_path(settings.folders.contact_sheets, key).unlink(missing_ok=True)
    heatmaps = settings.folders.heatmaps.resolve()
    for row in bundles:
        for path in (row["path"], row["volume_path"]):
            # A row may name any file: only files in the folder of heatmaps are deleted.
            file = (settings.home / path).resolve()
            if file.is_relative_to(heatmaps):
                file.unlink(missing_ok=True)


def _contents(store: Database, name: str | None = None) -> set[str]:
    """Return the content keys of the clips of a class, or of all clips."""
    keys = store.rows(CLIP_MANIFEST, name)["content_key"].to_pylist()
    # A key may hold any text: only those that name files in the folder of sheets are used.
    return {key for key in keys if key and key.isalnum()}


def _clips(store: Database | None, name: str) -> int:
    if store is None:
        return 0
    sql = "SELECT count(*) AS n FROM clip_manifest WHERE class_name = ?"
    return int(store.read(sql, [name])["n"][0].as_py())


def _library_classes(settings: Settings) -> tuple[set[str], str]:
    """Return the classes of the library, and why it cannot be read where it cannot."""
    try:
        return set(scan(settings.library_folder).classes), ""
    except LibraryError as problem:
        return set(), str(problem)
