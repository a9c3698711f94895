"""The report: one HTML file that explains the library, the model's failures and their causes.

Belongs here: assembling the page from its parts, its content security policy, the atomic write.
Does not: what the page says (`page_data.py`), the pictures (`pictures.py`), how it looks and
behaves (`static/`).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import tempfile
from importlib import resources
from pathlib import Path

from plotly.offline import get_plotlyjs

from insight_dagster.errors import InsightError
from insight_dagster.report.page_data import page_data
from insight_dagster.report.report_data import ReportData

SCRIPTS = (
    "report.js",
    "format.js",
    "elements.js",
    "palette.js",
    "summary.js",
    "colouring.js",
    "scatter.js",
    "clip.js",
    "insights.js",
    "tables.js",
    "main.js",
)
STYLES = ("page.css", "parts.css")
# plotly.js adds an empty style element and fills it through the object model.
_EMPTY_STYLE = ""
# The style sheet of its maps, which no page here draws; the policy would refuse it with an error.
_MAP_STYLE = re.compile(r"\.textContent='\.maplibregl-map\{(?:[^'\\]|\\.)*'")


def write_report(data: ReportData, folder: Path) -> Path:
    """Write the report as one file that needs no network and no other file.

    A reader of an earlier report sees the old file or the new one, never a half.

    Args:
        data: the tables to show.
        folder: made when missing.

    Returns:
        The page, `folder/index.html`.

    Raises:
        InsightError: the folder cannot be written.
    """
    target = folder / "index.html"
    page = build_page(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(target, page)
    except OSError as problem:
        raise InsightError(
            f"the report {target} cannot be written ({problem}); make the folder writable or "
            "choose another home"
        ) from problem
    return target


def build_page(data: ReportData) -> str:
    """The page's text: template, styles, plotly.js, our scripts and the data, all inline."""
    style = "\n".join(_static(name) for name in STYLES)
    script = "\n".join(["'use strict';", *(_static(name) for name in SCRIPTS)])
    plotly = _plotly()
    parts = {
        "title": html.escape(data.title),
        "policy": _policy(scripts=(plotly, script), styles=(style, _EMPTY_STYLE)),
        "style": style,
        "plotly": plotly,
        "script": script,
        "data": embedded_json(page_data(data)),
    }
    # One pass: a placeholder inside the data or a title is text, not a placeholder.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _static("page.html"))


def embedded_json(value: object) -> str:
    """JSON that cannot end or alter the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _plotly() -> str:
    """The installed plotly.js, unable to end the script element it stands in."""
    text = _MAP_STYLE.sub(".textContent=''", get_plotlyjs().replace("\r\n", "\n"))
    return re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE)


def _policy(*, scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """Nothing from anywhere but the parts written here, by their hashes.

    `style-src-attr` is open because plotly.js sets style attributes on the drawing it makes.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(_hash(each) for each in scripts),
            "style-src " + " ".join(_hash(each) for each in styles),
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _static(name: str) -> str:
    folder = resources.files("insight_dagster.report") / "static"
    return (folder / name).read_text(encoding="utf-8")


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".index-", suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n", errors="replace") as file:
            file.write(text)
        Path(name).chmod(0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
