"""Materialize classes of a library through Dagster, in this process, without the UI.

The order is the graph's: measure every class, fit the shared latent space, place every class in
it, explain every class, write the report. A class that fails costs that class only; the shared
steps go on with the others, and the outcome names what failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import dagster as dg
from rich.console import Console
from rich.markup import escape

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.clip_library.quarantine import quarantine
from insight_dagster.commands.home import mark_random, open_instance, remember
from insight_dagster.commands.progress import BarProgress, progress_bars
from insight_dagster.database.connection import Database
from insight_dagster.definitions import build_definitions, classifier_of
from insight_dagster.errors import RunFailedError, UnknownClassError
from insight_dagster.orchestration.run_failures import reason_of
from insight_dagster.orchestration.run_launcher import end_dead_runs
from insight_dagster.orchestration.stages import (
    RANGE_START,
    REFIT,
    REPORT,
    STAGES,
    Range,
    Stage,
    conduct,
    finished,
    materializations,
    range_tags,
)
from insight_dagster.pipeline.open_home import open_database
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.partitions import ACTION_CLASSES
from insight_dagster.settings.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunFailure:
    """One failed run: which step of which class, and the reason in one line."""

    what: str
    class_name: str | None
    reason: str


@dataclass(frozen=True)
class PipelineOutcome:
    """What `run_pipeline` did.

    Attributes:
        classes: asked for.
        failures: of the work.
        not_cleared: classes whose work was done and who do not pass their checks.
        computed: results that were not there before.
    """

    classes: tuple[str, ...]
    failures: tuple[RunFailure, ...]
    not_cleared: tuple[RunFailure, ...]
    computed: int

    @property
    def succeeded(self) -> bool:
        """All work was done."""
        return not self.failures


def run_pipeline(
    settings: Settings, *, classes: Sequence[str] = (), console: Console
) -> PipelineOutcome:
    """Materialize every asset for the classes asked for (default: all that the library has).

    Raises:
        LibraryError: the library is missing, empty or unknown, or lacks a class asked for.
    """
    library = scan(settings.library_folder)
    wanted = _known_classes(library, classes)
    with open_instance(settings) as instance, progress_bars(console) as bars:
        end_dead_runs(instance)
        definitions = build_definitions(settings, progress=bars)
        # Loaded here first: a wrong or unreachable model is one error, not one for every class.
        classifier_of(definitions).load(progress=bars.bytes("downloading weights"))
        remember(settings)
        _add_partitions(instance, wanted)
        _name_departed(settings, library, console)
        refit = not classes or not _has_space(settings)
        stages = [stage for stage in STAGES if refit or stage is not REFIT]
        return Runner(definitions, instance, bars).run(wanted, stages)


def run_and_report(settings: Settings, *, classes: Sequence[str], console: Console) -> None:
    """`insight run`: materialize, then say what was done.

    Raises:
        RunFailedError: a run failed; the others' results are kept.
    """
    report_outcome(run_pipeline(settings, classes=classes, console=console), settings, console)


def report_outcome(outcome: PipelineOutcome, settings: Settings, console: Console) -> None:
    """Say what was materialized and where to look.

    Raises:
        RunFailedError: a run failed.
    """
    if not outcome.succeeded:
        raise RunFailedError("; ".join(f"{each.what}: {each.reason}" for each in outcome.failures))
    mark_random(settings, console)
    for each in outcome.not_cleared:
        console.print(
            f"[yellow]does not pass:[/] {escape(f'{each.class_name}: {each.reason}')}",
            soft_wrap=True,
        )
    held = quarantine(open_database(settings).rows(CLIP_MANIFEST))
    console.print(
        f"{len(outcome.classes)} classes, {outcome.computed} results computed; {held.quarantined} "
        f"of {held.clips} clips are quarantined (`insight status` says why). "
        f"Report: {settings.folders.report / 'index.html'}",
        soft_wrap=True,
    )


def rewrite_report(settings: Settings, *, console: Console) -> None:
    """`insight report`: write the report from the tables.

    Raises:
        SettingsError: nothing has been materialized in this home yet.
        RunFailedError: the report could not be written.
    """
    open_database(settings)
    with open_instance(settings) as instance, progress_bars(console) as bars:
        runner = Runner(build_definitions(settings, progress=bars), instance, bars)
        failures = runner.run_stage(REPORT)
    if failures:
        raise RunFailedError(f"the report was not written: {failures[0].reason}")
    console.print(str(settings.folders.report / "index.html"), soft_wrap=True)


def _known_classes(library: ScannedLibrary, classes: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(classes) - set(library.classes))
    if unknown:
        raise UnknownClassError(
            f"{library.root} has no class {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(library.classes)}"
        )
    return tuple(sorted(set(classes))) or library.classes


def _add_partitions(instance: dg.DagsterInstance, classes: Iterable[str]) -> None:
    name = str(ACTION_CLASSES.name)
    known = set(instance.get_dynamic_partitions(name))
    instance.add_dynamic_partitions(name, [one for one in classes if one not in known])


@dataclass
class Runner:
    """Runs stages one after another in this process and collects what failed."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    bars: BarProgress
    computed: int = 0
    reasons: dict[str | None, str] = field(default_factory=dict)

    def run(self, classes: tuple[str, ...], stages: Sequence[Stage]) -> PipelineOutcome:
        """Run the stages; a class that failed is left out of the later ones."""
        whole = self.bars.bars.add_task("starting", total=len(stages))
        failures: list[RunFailure] = []
        not_cleared: list[RunFailure] = []
        left: tuple[str, ...] = classes
        for stage in stages:
            self.bars.bars.update(whole, description=", ".join(stage.asset_names))
            found = self.run_stage(stage, classes if stage.says else left)
            if stage.says:
                not_cleared += [each for each in found if each.class_name in left]
            else:
                failures += found
                left = tuple(name for name in left if name not in {f.class_name for f in found})
            if None in {failure.class_name for failure in found}:
                break
            self.bars.bars.advance(whole)
        return PipelineOutcome(classes, tuple(failures), tuple(not_cleared), self.computed)

    def run_stage(
        self,
        stage: Stage,
        classes: tuple[str, ...] = (),
        config: dict[str, dict[str, Any]] | None = None,
    ) -> list[RunFailure]:
        """Run one stage: it fails where work is missing; what checks say is the verdict's.

        Args:
            stage: to run.
            classes: to run it for, where it has classes.
            config: of ops, by their names.
        """
        if not stage.per_class:
            failed: list[str | None] = [] if None in self._run(stage, {}, config) else [None]
        else:
            partitions = self.instance.get_dynamic_partitions(str(ACTION_CLASSES.name))
            failed = [*conduct(stage, classes, partitions, partial(self._launch, stage))]
        what = ", ".join(stage.asset_names)
        return [
            RunFailure(f"{what} · {name}" if name else what, name, self._reason(name))
            for name in failed
        ]

    def _launch(self, stage: Stage, pairs: list[Range]) -> set[str]:
        done: set[str | None] = set()
        for pair in pairs:
            done |= self._run(stage, range_tags(pair))
        return {name for name in done if name}

    def _run(
        self,
        stage: Stage,
        tags: dict[str, str],
        config: dict[str, dict[str, Any]] | None = None,
    ) -> set[str | None]:
        """Run a stage's job; returns classes (None: no class) of which it made every asset."""
        ops = {name: {"config": values} for name, values in (config or {}).items()}
        result = self.definitions.resolve_job_def(stage.job).execute_in_process(
            run_config={**_QUIET, **({"ops": ops} if ops else {})},
            instance=self.instance,
            tags=tags,
            raise_on_error=False,
        )
        # From the instance: what a step recorded before it failed is not in the result.
        events = list(materializations(self.instance, [result.run_id]))
        self.computed += sum(_computed(event) for event in events)
        if not result.success:
            self.reasons[tags.get(RANGE_START)] = _reason(result)
        return finished(stage, events)

    def _reason(self, class_name: str | None) -> str:
        """Why a class failed: what is kept of it, else what its run ended with."""
        if class_name is not None:
            sql = "SELECT reason FROM step_failures WHERE class_name = ? ORDER BY failed_at DESC"
            kept = self._store().read(sql, [class_name])["reason"].to_pylist()
            if kept:
                return str(kept[0])
        return self.reasons.get(class_name, "the run failed; `insight serve` shows its log")

    def _store(self) -> Database:
        resources = self.definitions.resources or {}
        return cast(DatabaseResource, resources["database"]).open()


def _has_space(settings: Settings) -> bool:
    return settings.folders.database.exists() and open_database(settings).has_rows("latent_spaces")


def _name_departed(settings: Settings, library: ScannedLibrary, console: Console) -> None:
    """Say which classes the tables have and the library no longer does."""
    if not settings.folders.database.exists():
        return
    stored = open_database(settings).read("SELECT DISTINCT class_name FROM clip_manifest")
    gone = sorted(set(stored["class_name"].to_pylist()) - set(library.classes))
    if gone:
        console.print(
            f"[yellow]note:[/] no longer in the library, rows kept as they were: "
            f"{escape(', '.join(gone))}",
            soft_wrap=True,
        )


def _computed(event: dg.AssetMaterialization) -> int:
    entry = event.metadata.get("computed")
    return int(entry.value) if isinstance(entry, dg.IntMetadataValue) and entry.value else 0


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The user's error behind a failed run, without Dagster's wrapping."""
    failures = result.filter_events(lambda event: event.is_step_failure)
    # A check that failed is no reason for work that is missing, unless there is no other.
    for event in sorted(failures, key=lambda event: "check" in (event.step_key or "")):
        if event.step_failure_data.error:
            return reason_of(event.step_failure_data.error)
    return "the run failed; `insight serve` shows its log"
