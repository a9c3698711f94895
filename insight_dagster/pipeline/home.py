"""The home as a whole: its database, its clock, and files that nothing refers to any more.

The paths of the folders are in `insight_dagster.files.home_folders`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion
from insight_dagster.errors import UnavailableError
from insight_dagster.files.home_folders import HomeFolders, sheet_path
from insight_dagster.files.leftovers import remove_leftovers
from insight_dagster.settings import Settings
from insight_dagster.tables import HEATMAP_BUNDLES, LAST_WRITE, LATENT_SPACES
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.identity import is_random

SPACES_KEPT = 2
CLOCK_TOLERANCE = timedelta(minutes=1)
"""Clocks of several machines, or one that is being adjusted, differ by less."""
_OLD_SPACES = f"""
    SELECT space_id FROM latent_spaces
    ORDER BY sequence DESC OFFSET {SPACES_KEPT}"""  # noqa: S608


def open_database(settings: Settings) -> Database:
    """Return the database of an existing home.

    Raises:
        UnavailableError: nothing has been materialized in this home yet.
        DamagedDatabaseError: its file was lost.
    """
    path, store = settings.folders.database, database_of(settings)
    if not path.exists():
        store.check_file()
        raise UnavailableError(
            f"{path} does not exist: nothing has been materialized in this home; run "
            "`insight demo` or `insight run`, or choose another home with --home or INSIGHT_HOME"
        )
    return store


def database_of(settings: Settings) -> Database:
    """Return the database of a home, whose file need not be there yet."""
    return Database(settings.folders.database, settings.lock_timeout_seconds)


def has_random_predictions(store: Database) -> bool:
    """Return whether the database holds predictions of an untrained model."""
    rows = store.read("SELECT DISTINCT model_fingerprint FROM predictions")
    return any(is_random(name) for name in rows["model_fingerprint"].to_pylist())


def delete_leftovers(store: Database, folders: HomeFolders) -> int:
    """Delete all but the last two latent spaces, and files that no row refers to.

    Returns:
        The number of files that were deleted.
    """
    old = store.read(_OLD_SPACES)["space_id"].to_pylist()
    if old:
        store.write(*(Deletion(LATENT_SPACES, {"space_id": space_id}) for space_id in old))
    spaces = {row["path"] for row in store.rows(LATENT_SPACES).to_pylist()}
    bundles = store.rows(HEATMAP_BUNDLES).to_pylist()
    pictures = {row[name] for row in bundles for name in ("path", "volume_path")}
    keys = store.read("SELECT DISTINCT content_key FROM clip_manifest")["content_key"].to_pylist()
    sheets = folders.contact_sheets
    return (
        remove_leftovers(folders.latent_spaces, keep={folders.root / path for path in spaces})
        + remove_leftovers(folders.heatmaps, keep={folders.root / path for path in pictures})
        + remove_leftovers(sheets, keep={sheet_path(sheets, key) for key in keys if key})
    )


def note_of_last_write(store: Database) -> str | None:
    """Return a sentence if the clock is behind the last write, None otherwise.

    It is said until something is written again: once, for a clock that was set back.
    """
    return _note(store, "written_at", "the last recorded time")


def note_of_latest_time(store: Database) -> str | None:
    """Return a sentence if the clock is behind the latest time that was ever recorded."""
    return _note(store, "latest_at", "the latest recorded time")


def _note(store: Database, column: str, name: str) -> str | None:
    rows = store.rows(LAST_WRITE).to_pylist()
    recorded: datetime | None = rows[0][column] if rows else None
    behind = recorded - timestamp_now() if recorded else timedelta()
    if recorded is None or behind <= CLOCK_TOLERANCE:
        return None
    return (
        f"the clock is behind {name} by {_words(behind)} ({recorded:%Y-%m-%d %H:%M} UTC): it was "
        "set back, or was ahead; what is newest is told by the order of writing, so only the "
        "times shown are wrong"
    )


def _words(span: timedelta) -> str:
    if span.days:
        return f"{span.days} {'day' if span.days == 1 else 'days'}"
    hours, minutes = divmod(span.seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
