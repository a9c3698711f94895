"""Where a home folder keeps what: the one list of its files and sub-folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


def sheet_path(folder: Path, content_key: str) -> Path:
    """Return the path of the contact sheet of a content key in the folder of sheets."""
    return folder / content_key[:2] / f"{content_key}.jpg"


@dataclass(frozen=True)
class HomeFolders:
    """The files and folders of a home. Tables hold paths relative to `root`.

    Attributes:
        root: the home folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.root / "insight.duckdb"

    @property
    def settings_file(self) -> Path:
        """The settings file, in TOML."""
        return self.root / "insight.toml"

    @property
    def library(self) -> Path:
        """Folder of the clip library, unless the settings name another."""
        return self.root / "library"

    @property
    def dagster(self) -> Path:
        """Folder of the Dagster instance."""
        return self.root / "dagster"

    @property
    def weights(self) -> Path:
        """Folder of downloaded weights."""
        return self.root / "weights"

    @property
    def contact_sheets(self) -> Path:
        """Folder of the contact sheets, by content key."""
        return self.root / "sheets"

    @property
    def heatmaps(self) -> Path:
        """Folder of the heatmap bundles."""
        return self.root / "heatmaps"

    @property
    def latent_spaces(self) -> Path:
        """Folder of the fitted latent spaces."""
        return self.root / "latent_space"

    @property
    def report(self) -> Path:
        """Folder of the static report."""
        return self.root / "report"

    @property
    def backups(self) -> Path:
        """Folder of the backups of what cannot be computed again."""
        return self.root / "backups"

    @property
    def alerts(self) -> Path:
        """Folder of the alerts that are not delivered yet."""
        return self.root / "alerts"
