"""The files of a written report, as tests read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from insight_dagster.report.runs import known_runs

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'


def value_of(path: Path) -> object:
    """Return the data that a script of the site passes to the page."""
    found = re.fullmatch(r'insightReport\.take\("[^"]*",(.*)\);\n', path.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def files_of(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def newest_run(site: Path) -> Path:
    return site / "runs" / known_runs(site)[0]["name"]
