"""The home's folders of files as a Dagster resource: film sheets, heatmaps, spaces, report."""

from pathlib import Path

import dagster as dg


class BundleFolderResource(dg.ConfigurableResource):
    """Where assets put files; tables hold paths relative to `home`."""

    home: str

    @property
    def root(self) -> Path:
        """The home folder."""
        return Path(self.home)

    @property
    def sheets(self) -> Path:
        """Folder of the film sheets, by the clips' contents."""
        return self.root / "sheets"

    @property
    def heatmaps(self) -> Path:
        """Folder of the heatmap bundles."""
        return self.root / "heatmaps"

    @property
    def latent_space(self) -> Path:
        """Folder of the fitted latent spaces."""
        return self.root / "latent_space"

    @property
    def report(self) -> Path:
        """Folder of the static report."""
        return self.root / "report"
