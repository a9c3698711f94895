"""The home's folders of files as a Dagster resource: contact sheets, heatmaps, spaces, report."""

from pathlib import Path
from urllib.parse import quote, urlencode

import dagster as dg


class BundleFolderResource(dg.ConfigurableResource):
    """Where assets put files; tables hold paths relative to `home`.

    Attributes:
        home: the home folder.
        report_url: where the report folder is served.
    """

    home: str
    report_url: str = "http://127.0.0.1:3001"

    @property
    def root(self) -> Path:
        """The home folder."""
        return Path(self.home)

    @property
    def sheets(self) -> Path:
        """Folder of the contact sheets, by the clips' contents."""
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

    def page(self, *path: str, **params: str) -> str:
        """Address of a view of the report."""
        query = f"?{urlencode(params)}" if params else ""
        view = f"#/{'/'.join(quote(part, safe='') for part in path)}{query}" if path else ""
        return f"{self.report_url.rstrip('/')}/{view}"
