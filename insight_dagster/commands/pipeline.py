"""Materialize classes of a library through Dagster, in this process, without the UI.

The order is the graph's: measure every class, fit the shared latent space, place every class in
it, explain every class, write the report. A class that fails costs that class only; the shared
steps go on with the others, and the outcome names what failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dagster as dg
from rich.console import Console
from rich.markup import escape

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.quarantine import quarantine
from insight_dagster.commands.home import mark_random, open_database, open_instance, remember
from insight_dagster.commands.progress import BarProgress, progress_bars
from insight_dagster.definitions import build_definitions, classifier_of
from insight_dagster.errors import RunFailedError, UnknownClassError
from insight_dagster.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST
from resources.partitions import ACTION_CLASSES

_MEASURE = ("clip_manifest", "embeddings", "metadata_table")
_PLACE = ("projection", "clusters")
_EXPLAIN = ("insights", "heatmap_bundles")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunFailure:
    """One failed run: which step of which class, and the reason in one line."""

    what: str
    class_name: str | None
    reason: str


@dataclass(frozen=True)
class PipelineOutcome:
    """What `run_pipeline` did."""

    classes: tuple[str, ...]
    failures: tuple[RunFailure, ...]
    computed: int

    @property
    def succeeded(self) -> bool:
        """No run failed."""
        return not self.failures


@dataclass(frozen=True)
class _Stage:
    job: str
    assets: tuple[str, ...]
    class_name: str | None = None

    @property
    def title(self) -> str:
        return f"{', '.join(self.assets)}" + (f" · {self.class_name}" if self.class_name else "")


_REPORT = _Stage("write_report", ("insight_report",))


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
        definitions = build_definitions(settings, progress=bars)
        # Loaded here first: a wrong or unreachable model is one error, not one for every class.
        classifier_of(definitions).load(progress=bars.bytes("downloading weights"))
        remember(settings)
        _add_partitions(instance, wanted)
        _name_departed(settings, library, console)
        stages = _stages(wanted, refit=not classes or not _has_space(settings))
        return _Runner(definitions, instance, bars).run(wanted, stages)


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
    held = quarantine(open_database(settings).rows(CLIP_MANIFEST))
    console.print(
        f"{len(outcome.classes)} classes, {outcome.computed} results computed; {held.quarantined} "
        f"of {held.clips} clips are quarantined (`insight status` says why). "
        f"Report: {settings.report_folder / 'index.html'}",
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
        runner = _Runner(build_definitions(settings, progress=bars), instance, bars)
        failure = runner.run_stage(_REPORT)
    if failure:
        raise RunFailedError(f"the report was not written: {failure.reason}")
    console.print(str(settings.report_folder / "index.html"), soft_wrap=True)


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
class _Runner:
    """Runs stages one after another and collects what failed."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    bars: BarProgress
    computed: int = 0

    def run(self, classes: tuple[str, ...], stages: Sequence[_Stage]) -> PipelineOutcome:
        failures: list[RunFailure] = []
        whole = self.bars.bars.add_task("starting", total=len(stages))
        failed: set[str | None] = set()
        for stage in stages:
            self.bars.bars.update(whole, description=stage.title)
            if stage.class_name is None or stage.class_name not in failed:
                failure = self.run_stage(stage)
                if failure:
                    failures.append(failure)
                    failed.add(stage.class_name)
            if None in failed:
                break
            self.bars.bars.advance(whole)
        return PipelineOutcome(classes, tuple(failures), self.computed)

    def run_stage(self, stage: _Stage) -> RunFailure | None:
        job = self.definitions.resolve_job_def(stage.job)
        result = job.execute_in_process(
            run_config=_QUIET,
            instance=self.instance,
            partition_key=stage.class_name,
            asset_selection=[dg.AssetKey(name) for name in stage.assets],
            raise_on_error=False,
        )
        self.computed += sum(
            _computed(event) for event in result.get_asset_materialization_events()
        )
        return (
            None if result.success else RunFailure(stage.title, stage.class_name, _reason(result))
        )


def _stages(classes: tuple[str, ...], *, refit: bool) -> list[_Stage]:
    """The runs in order; without a refit the classes are placed into the space that is there."""
    stages = [_Stage("measure_classes", _MEASURE, name) for name in classes]
    if refit:
        stages.append(_Stage("refit_latent_space", ("latent_space",)))
    stages += [_Stage("place_classes", _PLACE, name) for name in classes]
    stages += [_Stage("explain_classes", _EXPLAIN, name) for name in classes]
    return [*stages, _REPORT]


def _has_space(settings: Settings) -> bool:
    return settings.database_path.exists() and open_database(settings).has_rows("latent_spaces")


def _name_departed(settings: Settings, library: ScannedLibrary, console: Console) -> None:
    """Say which classes the tables have and the library no longer does."""
    if not settings.database_path.exists():
        return
    stored = open_database(settings).read("SELECT DISTINCT class_name FROM clip_manifest")
    gone = sorted(set(stored["class_name"].to_pylist()) - set(library.classes))
    if gone:
        console.print(
            f"[yellow]note:[/] no longer in the library, rows kept as they were: "
            f"{escape(', '.join(gone))}",
            soft_wrap=True,
        )


def _computed(event: dg.DagsterEvent) -> int:
    entry = event.materialization.metadata.get("computed")
    return int(entry.value) if isinstance(entry, dg.IntMetadataValue) and entry.value else 0


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The user's error behind a failed run, without Dagster's wrapping."""
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        while error and error.cause and (error.cls_name or "").startswith("Dagster"):
            error = error.cause
        if error:
            return error.message.strip().partition(": ")[2] or error.message.strip()
    return "the run failed; `insight serve` shows its log"
