"""`insight run` and signals: at every stage it ends at once, and the next run continues."""

import signal

import pytest

from insight_dagster.commands.home import open_instance
from insight_dagster.database import Database
from insight_dagster.orchestration.stages import EXTRACT, PLACE, REFIT, REPORT, STAGES
from insight_dagster.settings import load_settings
from insight_dagster.tables import EMBEDDINGS
from tests.support.signalled import Insight, drafts_in, runs_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
LINE = "interrupted; `insight run` continues from here"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(home, *arguments):
    return Insight("run", "--home", str(home), *arguments)


def wait_for_stage(running: Insight, home, stage, before: int) -> None:
    """Wait until a stage's run has begun."""
    running.wait_until(lambda: (stage.job, "STARTED") in runs_of(home)[before:])


@pytest.mark.parametrize("number", range(len(STAGES)), ids=[stage.job for stage in STAGES])
def test_a_signal_ends_every_stage(home_copy, number):
    stage, sent = STAGES[number], SIGNALS[number % len(SIGNALS)]
    home, before = home_copy.home, len(runs_of(home_copy.home))
    running = run(home)
    wait_for_stage(running, home, stage, before)
    ended = running.end(sent)
    assert (ended.status, ended.errors) == (128 + sent, [LINE])
    assert not ended.orphans
    *done, (job, status) = runs_of(home)[before:]
    assert (job, status) == (stage.job, "CANCELED")
    # The checks of the class with a broken file fail its runs.
    assert {state for _, state in done} <= {"SUCCESS", "FAILURE"}
    assert not drafts_in(home)


def test_interrupted_again_and_again_a_run_continues_where_it_stopped(tmp_path, small_library):
    """The first signal comes while clips are decoded, and later ones in later stages."""
    home = tmp_path / "home"
    arguments = ("--library", str(small_library), "--variant", "demo")
    with open_instance(load_settings(home=home)):
        kept = 0  # the instance exists before two processes open it
    for sent, stage in zip(SIGNALS, (EXTRACT, REFIT, PLACE), strict=True):
        before = len(runs_of(home))
        running = run(home, *arguments)
        wait_for_stage(running, home, stage, before)
        assert running.end(sent).status == 128 + sent
        embedded = Database(home / "insight.duckdb").rows(EMBEDDINGS).num_rows
        assert embedded >= kept
        kept = embedded
    assert run(home, "--fail-on", "never").process.wait() == 0
    statuses = [status for _, status in runs_of(home)]
    assert statuses.count("CANCELED") == len(SIGNALS)
    assert set(statuses) - {"FAILURE"} == {"CANCELED", "SUCCESS"}
    assert (home / "report" / "index.html").exists()
    assert Database(home / "insight.duckdb").rows(EMBEDDINGS).num_rows == kept > 0


def test_a_run_that_was_ended_by_two_signals_is_closed_by_the_next(home_copy):
    home, before = home_copy.home, len(runs_of(home_copy.home))
    running = run(home)
    wait_for_stage(running, home, REPORT, before)
    ended = running.end(signal.SIGTERM, signal.SIGTERM, pause=0)
    assert ended.status in {-signal.SIGTERM, 128 + signal.SIGTERM}
    assert not ended.orphans
    assert run(home, "--fail-on", "never").process.wait() == 0
    assert "STARTED" not in {status for _, status in runs_of(home)}
