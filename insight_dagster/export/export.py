"""An export: everything known of the clips and insights as a folder in one format.

Belongs here: the formats, and that a folder is there whole or not at all. Does not: what a format
writes (`table_folder`, `embedding_atlas`, `fiftyone/`), checks of the command's arguments and
printing (`commands/run/export`).
"""

from __future__ import annotations

from pathlib import Path

from insight_dagster.database import Database
from insight_dagster.export.embedding_atlas import write_embedding_atlas
from insight_dagster.export.fiftyone.dataset import write_fiftyone
from insight_dagster.export.table_folder import write_table_folder
from insight_dagster.export.written_file import WrittenFile
from insight_dagster.files.atomic import draft_folder, publish_folder
from insight_dagster.settings import Settings
from insight_dagster.tables.status import Word


class ExportFormat(Word):
    """What a folder is written for."""

    PARQUET = "parquet"
    CSV = "csv"
    EMBEDDING_ATLAS = "embedding-atlas"
    FIFTYONE = "fiftyone"


def write_export(
    store: Database,
    settings: Settings,
    file_format: ExportFormat,
    folder: Path,
    *,
    copy_media: bool = False,
) -> list[WrittenFile]:
    """Write an export and return its files.

    Args:
        store: the database.
        settings: of the home.
        file_format: what to write.
        folder: empty or new; it is there whole or not at all.
        copy_media: whether a FiftyOne dataset gets copies of the videos.

    Raises:
        OSError: the folder cannot be written.
        SettingsError: a file cannot be written.
    """
    with draft_folder(folder) as draft:
        files = _write(store, settings, file_format, draft, copy_media=copy_media)
        publish_folder(draft, folder)
    return files


def _write(
    store: Database,
    settings: Settings,
    file_format: ExportFormat,
    folder: Path,
    *,
    copy_media: bool,
) -> list[WrittenFile]:
    match file_format:
        case ExportFormat.PARQUET:
            return write_table_folder(store, folder, "parquet")
        case ExportFormat.CSV:
            return write_table_folder(store, folder, "csv")
        case ExportFormat.EMBEDDING_ATLAS:
            return write_embedding_atlas(store, settings.folders, folder)
        case ExportFormat.FIFTYONE:
            return write_fiftyone(store, settings, folder, copy_media=copy_media)
