"""The home's folders as a Dagster resource, and the addresses of the report's pages."""

from pathlib import Path
from urllib.parse import quote, urlencode

import dagster as dg

from insight_dagster.files.home_folders import HomeFolders


class HomeFoldersResource(dg.ConfigurableResource):
    """The folders that assets write to, and the address of the report.

    Attributes:
        home: the home folder.
        report_url: address at which the report folder is served.
    """

    home: str
    report_url: str = "http://127.0.0.1:3001"

    def open(self) -> HomeFolders:
        """Return the folders."""
        return HomeFolders(Path(self.home))

    def page(self, *path: str, **params: str) -> str:
        """Return the address of a page of the report.

        Args:
            path: parts of the page's path; the report's start page if there are none.
            params: query parameters of the page.
        """
        query = f"?{urlencode(params)}" if params else ""
        view = f"#/{'/'.join(quote(part, safe='') for part in path)}{query}" if path else ""
        return f"{self.report_url.rstrip('/')}/{view}"
