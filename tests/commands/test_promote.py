"""`insight baseline promote` tells a baseline that was promoted from work that failed after it."""

import shutil

import pytest

from insight_dagster.commands.console import Console
from insight_dagster.commands.run.promote import promote
from insight_dagster.errors import RunFailedError

FAILING = ("unreadable_share", "quarantined_share", "complete")
"""Checks that fail: one class of the library has files that are no videos; the report is gone."""


@pytest.mark.slow
def test_a_report_that_is_not_written_after_a_promotion_is_an_error(home_copy, capsys):
    console = Console(width=200)
    options = {"author": "me", "reason": "because", "accept": FAILING, "console": console}
    shutil.rmtree(home_copy.folders.report)
    home_copy.folders.report.write_text("in the way")
    with pytest.raises(RunFailedError, match="baseline was promoted, but.*insight_report: "):
        promote(home_copy, **options)
    assert "Baseline " in capsys.readouterr().out
