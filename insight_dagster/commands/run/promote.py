"""`insight baseline promote`: make the current state the baseline for drift."""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import note_clock, open_instance, who
from insight_dagster.commands.progress import progress_bars
from insight_dagster.definitions import build_definitions, check_names
from insight_dagster.errors import PromotionError, RunFailedError, UnknownCheckError, choices
from insight_dagster.orchestration.run_launcher import end_dead_runs
from insight_dagster.orchestration.run_stages import run_stage, run_stages
from insight_dagster.orchestration.stage_launchers import InProcessLauncher
from insight_dagster.orchestration.stages import COMPARED, PROMOTE, REPORT
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings

_NEWEST = "SELECT baseline_id, clips FROM baselines ORDER BY sequence DESC LIMIT 1"


def promote(
    settings: Settings, *, author: str | None, reason: str, accept: Sequence[str], console: Console
) -> None:
    """Promote the current state to the baseline, then compare every class with it.

    Args:
        settings: of the home.
        author: who promotes; default: the user's login name.
        reason: why later states are compared with this one.
        accept: names of failing checks that are accepted.
        console: receives the new baseline's id.

    Raises:
        UnknownCheckError: a check that is to be accepted does not exist.
        PromotionError: refused; the message names the failing checks.
        RunFailedError: promoted, but a class was not compared or the report not written.
    """
    open_database(settings)
    for name in accept:
        if name not in check_names():
            raise UnknownCheckError(f"no check {name!r}; {choices(name, check_names())}")
    note_clock(settings, console)
    config = {"author": who(author), "reason": reason, "accept": list(accept)}
    with open_instance(settings) as instance, progress_bars(console) as bars:
        end_dead_runs(instance)
        launcher = InProcessLauncher(build_definitions(settings, progress=bars), instance)
        promotion = run_stage(PROMOTE, (), launcher, op_config={"promote": config})
        if promotion.shared_failure is not None:
            raise PromotionError(promotion.shared_failure)
        # A class whose checks do not pass has been compared all the same: `insight drift` shows it.
        after = run_stages((COMPARED, REPORT), launcher.partitions(), launcher)
    (newest,) = open_database(settings).read(_NEWEST).to_pylist()
    console.print(f"Baseline {newest['baseline_id']}: {newest['clips']} clips.", soft_wrap=True)
    if after.work_failures:
        failed = "; ".join(map(str, after.work_failures))
        raise RunFailedError(f"the baseline was promoted, but not all work after it done: {failed}")
