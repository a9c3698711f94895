"""The report: a static site that shows why the model fails, run by run.

Belongs here: writing a site, such that readers never see half of it. Does not: what is in its files
(`run_scripts`, `page_shell`, `pictures`), and which runs it keeps (`runs`).
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from insight_dagster.errors import InsightError
from insight_dagster.report.page_shell import (
    delete_old_shared_files,
    write_page,
    write_shared_files,
    write_text,
)
from insight_dagster.report.report_data import ReportData
from insight_dagster.report.run_scripts import run_scripts
from insight_dagster.report.runs import delete_old_runs, known_runs, publish, runs_script


def write_site(data: ReportData, folder: Path) -> Path:
    """Add a run to a site, which needs no network and no server, and return the path of its page.

    Up to ten runs are kept. A run that shows the same as the newest one adds nothing. A reader sees
    the site as it was or as it is then.

    Args:
        data: the tables to show.
        folder: of the site; made when missing.

    Raises:
        InsightError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _add_run(data, folder)
            shared = write_shared_files(folder)
            write_text(folder / "runs.js", runs_script(folder))
            page = write_page(folder, data.title, shared)
            delete_old_shared_files(folder, shared)
            delete_old_runs(folder)
    except OSError as problem:
        raise InsightError(
            f"the report in {folder} cannot be written ({problem}); make the folder writable or "
            "choose another home"
        ) from problem
    return page


def _add_run(data: ReportData, folder: Path) -> None:
    """Publish the run, unless it shows the same as the newest other one."""
    before = next((run for run in known_runs(folder) if run["run_id"] != data.run_id), None)
    since = before["ledger_sequence"] if before else None
    run = run_scripts(data, folder, since=since)
    if before and before["digest"] == run.facts["digest"]:
        return
    publish(folder, run.name, run.texts, facts=run.facts, pictures=run.pictures)
