"""Hand-written pages and pictures, copied with links that work on the site.

Pages that live outside `docs/` (CHANGELOG, ARCHITECTURE, ...) are part of the site too. Links to
them are changed to their place on the site; links to other files of the repository become text.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "ARCHITECTURE.md": "explanation/architecture.md",
    "insight_dagster/demo/weights/MODEL_CARD.md": "explanation/model_card.md",
}
"""Pages outside `docs/` and where they are on the site."""

_LINK = re.compile(r"(?P<before>\[(?P<text>[^\]]*)\]\()(?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_COPIED = {".png", ".svg", ".jpg", ".css"}


class BrokenLinkError(Exception):
    """A page links to a file or a heading that does not exist."""


def copy_pages(repository: Path, folder: Path, generated: frozenset[str]) -> None:
    """Copy pages and pictures of the repository into the folder that the site is built from.

    Args:
        repository: root of the checkout.
        folder: of the site's sources; made where it is missing.
        generated: pages, by their place on the site, that links may lead to without a source.

    Raises:
        BrokenLinkError: a link leads to a file that is neither in the repository nor generated, or
            to a heading that a hand-written page does not have.
    """
    places = dict(site_places(repository))
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in _COPIED:
            shutil.copyfile(source, target)
            continue
        text = _with_site_links(source, place, places, generated, repository)
        target.write_text(text, encoding="utf-8")


def site_places(repository: Path) -> Iterator[tuple[Path, str]]:
    """Yield every hand-written page and picture with its place on the site."""
    docs = repository / "docs"
    for path in sorted(docs.rglob("*")):
        if path.suffix in {".md", *_COPIED}:
            yield path, path.relative_to(docs).as_posix()
    for name, place in OUTSIDE.items():
        if (repository / name).is_file():
            yield repository / name, place


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as Python-Markdown makes them."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", each).strip().lower()) for each in headings
    }


def _with_site_links(
    source: Path,
    place: str,
    places: Mapping[Path, str],
    generated: frozenset[str],
    repository: Path,
) -> str:
    """Return the page's text, its links relative to its place on the site."""

    def changed(link: re.Match[str]) -> str:
        target = link["target"]
        if re.match(r"[a-z]+:", target):
            return link[0]
        found = Path(os.path.normpath(source.parent / target))
        if link["anchor"] and found in places and link["anchor"][1:] not in anchors(found):
            name = source.relative_to(repository)
            raise BrokenLinkError(f"{name} links to {target}{link['anchor']}: no such heading")
        on_site = places.get(found) or _generated_place(found, repository, generated)
        if on_site:
            relative = os.path.relpath(on_site, Path(place).parent)
            return f"{link['before']}{relative}{link['anchor'] or ''})"
        if not found.exists():
            raise BrokenLinkError(f"{source.relative_to(repository)} links to {target}")
        return link["text"]

    return _LINK.sub(changed, source.read_text(encoding="utf-8"))


def _generated_place(found: Path, repository: Path, generated: frozenset[str]) -> str | None:
    docs = repository / "docs"
    if not found.is_relative_to(docs):
        return None
    place = found.relative_to(docs).as_posix()
    return place if place in generated else None
