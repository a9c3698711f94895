"""`insight run` and `insight report`: materialize assets through Dagster in this process.

The order of the stages and what a failed class costs are the same as in the nightly re-analysis
(`orchestration.run_stages`). Only what a person at a terminal needs belongs here: the classes asked
for, progress bars and the outcome in words.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import dagster as dg

from insight_dagster.analysis.checks.manifest import unknown_labels
from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.clip_library.quarantine_counts import count_quarantined
from insight_dagster.commands.console import Console
from insight_dagster.commands.gate import failed_checks, require_passing
from insight_dagster.commands.home import note_clock, open_instance, remember, warn_random
from insight_dagster.commands.progress import BarProgress, progress_bars
from insight_dagster.commands.run.weights_note import note_changed_weights
from insight_dagster.definitions import build_definitions, classifier_of
from insight_dagster.errors import DatabaseBusyError, RunFailedError, UnknownClassError
from insight_dagster.orchestration.run_launcher import end_dead_runs
from insight_dagster.orchestration.run_stages import (
    Analysis,
    StageFailure,
    run_stage,
    run_stages,
)
from insight_dagster.orchestration.stage_launchers import InProcessLauncher
from insight_dagster.orchestration.stages import REFIT, REPORT, STAGES, Stage
from insight_dagster.orchestration.upkeep.old_runs import tidy
from insight_dagster.pipeline.home import database_of, has_random_predictions, open_database
from insight_dagster.resources.names import Names
from insight_dagster.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST
from insight_dagster.tables.status import FailOn


@dataclass(frozen=True)
class PipelineOutcome:
    """The outcome of `run_pipeline`.

    Attributes:
        analysis: results of all stages.
        computed: number of results that were computed, not found and kept.
    """

    analysis: Analysis
    computed: int

    @property
    def failures(self) -> tuple[StageFailure, ...]:
        """Work that failed."""
        return self.analysis.work_failures

    @property
    def not_cleared(self) -> tuple[StageFailure, ...]:
        """Classes whose work was done but whose checks do not pass."""
        return self.analysis.reported_failures

    @property
    def succeeded(self) -> bool:
        """Whether all work was done."""
        return not self.failures


def run_pipeline(
    settings: Settings, *, classes: Sequence[str] = (), console: Console
) -> PipelineOutcome:
    """Materialize every asset for some classes of the library (default: all).

    Raises:
        LibraryError: the library is missing, empty or laid out in no known way.
        UnknownClassError: the library has no clip of a class that was asked for.
    """
    library = scan(settings.library_folder)
    wanted = _known_classes(library, classes)
    with open_instance(settings) as instance, progress_bars(console) as bars:
        end_dead_runs(instance)
        definitions = build_definitions(settings, progress=bars)
        # Loaded here first: a wrong or unreachable model is one error, not one for every class.
        model = classifier_of(definitions).load(progress=bars.bytes("downloading weights"))
        _note_unknown_labels(model.labels, wanted, console)
        note_changed_weights(settings, model, console)
        remember(settings)
        _add_partitions(instance, Names.of(settings).partition_set, wanted)
        _note_departed_classes(settings, library, console)
        note_clock(settings, console)
        store = database_of(settings)
        store.check_file()
        refit = not classes or not _has_space(settings)
        stages = [stage for stage in STAGES if refit or stage is not REFIT]
        launcher = InProcessLauncher(definitions, instance)
        analysis = run_stages(stages, wanted, launcher, on_begin=_stage_bar(bars, len(stages)))
        with suppress(DatabaseBusyError):  # its work is done
            keep = settings.analysis_options.keep_analyses
            tidy(instance, store, settings.folders, Names.of(settings), keep_analyses=keep)
            store.check_file()
        return PipelineOutcome(analysis, launcher.computed)


def run_and_report(
    settings: Settings,
    *,
    classes: Sequence[str],
    fail_on: FailOn = FailOn.NEVER,
    console: Console,
) -> None:
    """Run `insight run`: materialize, then print the outcome.

    Raises:
        RunFailedError: a stage failed; the results of the others are kept.
        NotPassedError: a check of one of the classes failed that `fail_on` names.
    """
    outcome = run_pipeline(settings, classes=classes, console=console)
    report_outcome(outcome, settings, console)
    found = failed_checks(open_database(settings))
    require_passing(found, fail_on, classes=outcome.analysis.classes)


def report_outcome(outcome: PipelineOutcome, settings: Settings, console: Console) -> None:
    """Print what was materialized and where the report is.

    Raises:
        RunFailedError: a stage failed.
    """
    if not outcome.succeeded:
        raise RunFailedError("; ".join(map(str, outcome.failures)))
    warn_random(has_random_predictions(open_database(settings)), console)
    for each in outcome.not_cleared:
        console.labelled("does not pass:", f"{each.class_name}: {each.reason}", style="yellow")
    held = count_quarantined(open_database(settings).rows(CLIP_MANIFEST))
    console.print(
        f"{len(outcome.analysis.classes)} classes, {outcome.computed} results computed; "
        f"{held.quarantined} of {held.clips} clips are quarantined (`insight status` says why). "
        f"Report: {settings.folders.report / 'index.html'}",
        soft_wrap=True,
    )


def rewrite_report(settings: Settings, *, fail_on: FailOn = FailOn.NEVER, console: Console) -> None:
    """Run `insight report`: write the report again from the tables, and print its location.

    Raises:
        UnavailableError: nothing has been materialized in this home yet.
        RunFailedError: the report could not be written.
        NotPassedError: a check failed that `fail_on` names.
    """
    store = open_database(settings)
    with open_instance(settings) as instance, progress_bars(console) as bars:
        launcher = InProcessLauncher(build_definitions(settings, progress=bars), instance)
        result = run_stage(REPORT, (), launcher)
    if result.failures:
        raise RunFailedError(f"the report was not written: {result.failures[0].reason}")
    console.print(str(settings.folders.report / "index.html"), soft_wrap=True)
    require_passing(failed_checks(store), fail_on)


def _known_classes(library: ScannedLibrary, classes: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(classes) - set(library.classes))
    if unknown:
        raise UnknownClassError(
            f"{library.root} has no class {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(library.classes)}"
        )
    return tuple(sorted(set(classes))) or library.classes


def _add_partitions(
    instance: dg.DagsterInstance, partition_set: str, classes: Iterable[str]
) -> None:
    known = set(instance.get_dynamic_partitions(partition_set))
    instance.add_dynamic_partitions(partition_set, [one for one in classes if one not in known])


def _note_unknown_labels(labels: Sequence[str], classes: Sequence[str], console: Console) -> None:
    """Print which classes the model has no label for."""
    problem = unknown_labels(labels, classes)
    if problem:
        console.labelled("note:", problem, style="yellow")


def _note_departed_classes(settings: Settings, library: ScannedLibrary, console: Console) -> None:
    """Print which classes have rows in the tables but no clip in the library."""
    if not settings.folders.database.exists():
        return
    stored = open_database(settings).read("SELECT DISTINCT class_name FROM clip_manifest")
    gone = sorted(set(stored["class_name"].to_pylist()) - set(library.classes))
    if gone:
        what = f"no longer in the library, rows kept as they were: {', '.join(gone)}"
        console.labelled("note:", what, style="yellow")


def _has_space(settings: Settings) -> bool:
    return settings.folders.database.exists() and open_database(settings).has_rows("latent_spaces")


def _stage_bar(bars: BarProgress, count: int) -> Callable[[Stage], None]:
    """Add a bar over all stages; return a callback that advances it when a stage begins."""
    bar, begun = bars.bars.add_task("starting", total=count), itertools.count()

    def begin(stage: Stage) -> None:
        bars.bars.update(bar, description=", ".join(stage.asset_names), completed=next(begun))

    return begin
