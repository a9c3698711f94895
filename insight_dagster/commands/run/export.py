"""`insight export`: everything known of the clips and insights, as files for other programs."""

from __future__ import annotations

from pathlib import Path

from insight_dagster.commands.console import Console
from insight_dagster.errors import SettingsError, UnavailableError, choices
from insight_dagster.export.export import ExportFormat, write_export
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings


def export_home(
    settings: Settings,
    file_format: str,
    folder: Path,
    *,
    console: Console,
    copy_media: bool = False,
) -> None:
    """Write an export of a home and print what is in it.

    Args:
        settings: of the home.
        file_format: a name of `ExportFormat`.
        folder: to write; empty or new.
        console: where files are listed.
        copy_media: whether a FiftyOne dataset gets copies of the videos.

    Raises:
        SettingsError: another format, a folder that is in use, or one that cannot be written.
    """
    chosen = _format_named(file_format)
    if copy_media and chosen != ExportFormat.FIFTYONE:
        raise SettingsError(
            f"--copy-media goes with the format {ExportFormat.FIFTYONE}, not {chosen}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} exists already; name a folder that is empty or new")
    store = open_database(settings)
    try:
        files = write_export(store, settings, chosen, folder, copy_media=copy_media)
    except OSError as problem:
        raise UnavailableError(f"{folder} cannot be written: {problem}") from problem
    lines = [f"{file.name}: {file.contents}" for file in files]
    for line in (*lines, f"Exported to {folder}"):
        console.print(line, soft_wrap=True)


def _format_named(name: str) -> ExportFormat:
    try:
        return ExportFormat(name)
    except ValueError:
        raise SettingsError(f"unknown format {name!r}; {choices(name, ExportFormat)}") from None
