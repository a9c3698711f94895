"""Write the folder that the docs site is built from: `python -m docs.generate FOLDER`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from docs.generate.api import api_pages
from docs.generate.checks import checks_page
from docs.generate.code_location import code_location_page
from docs.generate.commands import commands_page
from docs.generate.home_folder import home_folder_page
from docs.generate.pages import copy_pages
from docs.generate.settings import settings_page
from docs.generate.tables import tables_page

REPOSITORY = Path(__file__).parents[2]


def generated_pages() -> dict[str, str]:
    """Return the text of every generated page by its place on the site."""
    return {
        "reference/command_line.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/home_folder.md": home_folder_page(),
        "reference/tables.md": tables_page(),
        "reference/assets_and_jobs.md": code_location_page(),
        "reference/checks.md": checks_page(),
        **{f"reference/api/{name}": text for name, text in api_pages().items()},
    }


def write_sources(folder: Path) -> None:
    """Replace the folder by all pages of the site, hand-written and generated."""
    shutil.rmtree(folder, ignore_errors=True)
    generated = generated_pages()
    copy_pages(REPOSITORY, folder, frozenset(generated))
    for place, text in generated.items():
        page = folder / place
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_sources(Path(sys.argv[1]))
