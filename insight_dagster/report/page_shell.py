"""The files that all runs of a site share: the page, its script and its style sheet.

The template of the page, with its content security policy, is `static/page.html`. How JavaScript
modules become one script is in `module_linker`; the data of runs are in `run_scripts`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insight_dagster.files.atomic import write_atomically
from insight_dagster.report.module_linker import link

PAGE = "index.html"
STYLES = tuple(
    f"styles/{name}.css"
    for name in ("base", "layout", "controls", "tables", "clips", "insights", "map")
)
"""Style sheets in the order of the cascade."""
_ENTRY = "main.js"
_STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True)
class SharedFiles:
    """Names of the script and the style sheet, which change with their contents."""

    script: str
    style: str


def write_shared_files(site: Path) -> SharedFiles:
    """Write the script and the style sheet into a site, unless they are there already."""
    modules = {name: _static_text(name) for name in static_names() if name.endswith(".js")}
    return SharedFiles(
        script=_write_hashed(site, "js", link(modules, _ENTRY)),
        style=_write_hashed(site, "css", "\n".join(_static_text(name) for name in STYLES)),
    )


def write_page(site: Path, title: str, shared: SharedFiles) -> Path:
    """Write the page of a site and return its path."""
    templates = Environment(
        loader=FileSystemLoader(_STATIC),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    page = templates.get_template("page.html")
    text = page.render(title=title, script=shared.script, style=shared.style)
    write_text(site / PAGE, text)
    return site / PAGE


def delete_old_shared_files(site: Path, shared: SharedFiles) -> None:
    """Delete scripts and style sheets of earlier versions of the package."""
    for path in site.glob("app-*.*"):
        if path.name not in (shared.script, shared.style):
            path.unlink(missing_ok=True)


def static_names() -> list[str]:
    """Return the files of `static/` as paths relative to it."""
    return sorted(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*.*"))


def write_text(target: Path, text: str) -> None:
    """Write a text file as a whole; what UTF-8 cannot encode becomes a question mark."""
    data = text.encode("utf-8", errors="replace")
    write_atomically(target, lambda draft: draft.write_bytes(data))


def _write_hashed(site: Path, kind: str, text: str) -> str:
    """Write a file whose name has a digest of its contents, and return the name."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = f"app-{digest}.{kind}"
    if not (site / name).is_file():
        write_text(site / name, text)
    return name


def _static_text(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
