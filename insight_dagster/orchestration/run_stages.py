"""The rules of an analysis in stages: which classes a stage is run for, and what a failure costs.

They are the same for the command line and the nightly re-analysis, which differ in their `Launcher`
only (`stage_launchers`). Which stages there are does not belong here (`stages`).

- A class that a stage failed for is left out of the stages after it.
- A stage that only reports is run for every class, and no class is left out because of it.
- A class that failed in a run of several is run once more by itself: another class's crash must not
  cost it the stage.
- A stage without classes that fails ends the analysis: the stages after it would use old results.
- A database that cannot be used (held by another program, damaged) ends the analysis at once:
  launchers raise `DatabaseUnavailableError`, and nothing is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from insight_dagster.orchestration.class_ranges import ClassRange, class_ranges
from insight_dagster.orchestration.stages import Stage

OpConfig = Mapping[str, Mapping[str, Any]]
"""Configuration of ops, by their names."""


class Launcher(Protocol):
    """Runs the jobs of stages and waits until the runs have ended."""

    def partitions(self) -> Sequence[str]:
        """Return all classes in the order of Dagster's partitions."""
        ...

    def launch_classes(self, stage: Stage, ranges: Sequence[ClassRange]) -> Set[str]:
        """Run a stage for ranges of classes; return the classes that it completed."""
        ...

    def launch_shared(self, stage: Stage, op_config: OpConfig) -> bool:
        """Run a stage that has no classes; return whether it was completed."""
        ...

    def failure_reason(self, stage: Stage, class_name: str | None) -> str:
        """Return in one line why a stage failed for a class; None for a stage without classes."""
        ...


@dataclass(frozen=True)
class StageFailure:
    """A stage that failed.

    Attributes:
        stage: which one.
        class_name: for which class; None for a stage without classes.
        reason: why, in one line.
    """

    stage: Stage
    class_name: str | None
    reason: str

    def __str__(self) -> str:
        assets = ", ".join(self.stage.asset_names)
        what = f"{assets} · {self.class_name}" if self.class_name else assets
        return f"{what}: {self.reason}"


@dataclass(frozen=True)
class StageResult:
    """The outcome of one stage.

    Attributes:
        stage: which one.
        succeeded: classes that it completed.
        failed: reasons by class.
        shared_failure: why a stage without classes failed; None where it was completed.
    """

    stage: Stage
    succeeded: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    shared_failure: str | None = None

    @property
    def failures(self) -> tuple[StageFailure, ...]:
        """Everything that failed in the stage."""
        found = [StageFailure(self.stage, name, reason) for name, reason in self.failed.items()]
        if self.shared_failure is not None:
            found.append(StageFailure(self.stage, None, self.shared_failure))
        return tuple(found)


@dataclass(frozen=True)
class Analysis:
    """An analysis of classes, as far as it has come.

    Attributes:
        classes: those that were asked for.
        results: of the stages so far, in order.
    """

    classes: tuple[str, ...]
    results: tuple[StageResult, ...] = ()

    @property
    def remaining(self) -> tuple[str, ...]:
        """Classes for which no stage failed, except stages that only report."""
        failed = {failure.class_name for failure in self.work_failures}
        return tuple(name for name in self.classes if name not in failed)

    @property
    def has_ended(self) -> bool:
        """Whether a stage without classes failed."""
        return any(result.shared_failure is not None for result in self.results)

    @property
    def work_failures(self) -> tuple[StageFailure, ...]:
        """Everything that failed in stages that do work."""
        return tuple(self._failures(reports_only=False))

    @property
    def reported_failures(self) -> tuple[StageFailure, ...]:
        """Failures of stages that only report, for classes whose work was done."""
        remaining = set(self.remaining)
        found = self._failures(reports_only=True)
        return tuple(failure for failure in found if failure.class_name in remaining)

    def run(self, stage: Stage, launcher: Launcher) -> Analysis:
        """Run the next stage; return the analysis with its result."""
        classes = self.classes if stage.reports_only else self.remaining
        return replace(self, results=(*self.results, run_stage(stage, classes, launcher)))

    def _failures(self, *, reports_only: bool) -> Iterator[StageFailure]:
        for result in self.results:
            if result.stage.reports_only == reports_only:
                yield from result.failures


def run_stages(
    stages: Sequence[Stage],
    classes: Sequence[str],
    launcher: Launcher,
    *,
    on_begin: Callable[[Stage], None] = lambda stage: None,
) -> Analysis:
    """Run stages one after another, until all are done or one without classes fails.

    Args:
        stages: in order.
        classes: to analyse.
        launcher: runs the stages' jobs.
        on_begin: called with every stage before it is run.
    """
    analysis = Analysis(tuple(classes))
    for stage in stages:
        on_begin(stage)
        analysis = analysis.run(stage, launcher)
        if analysis.has_ended:
            break
    return analysis


def run_stage(
    stage: Stage,
    classes: Sequence[str],
    launcher: Launcher,
    *,
    op_config: OpConfig | None = None,
) -> StageResult:
    """Run one stage; return what it completed and what failed.

    Args:
        stage: to run.
        classes: to run it for, where it has classes.
        launcher: runs its job.
        op_config: configuration of its ops, where it has no classes.
    """
    if not stage.per_class:
        if launcher.launch_shared(stage, op_config or {}):
            return StageResult(stage)
        return StageResult(stage, shared_failure=launcher.failure_reason(stage, None))
    succeeded = _completed_classes(stage, classes, launcher) if classes else set()
    return StageResult(
        stage,
        succeeded=tuple(name for name in classes if name in succeeded),
        failed={
            name: launcher.failure_reason(stage, name) for name in classes if name not in succeeded
        },
    )


def _completed_classes(stage: Stage, classes: Collection[str], launcher: Launcher) -> Set[str]:
    partitions = launcher.partitions()
    ranges = class_ranges(list(classes), partitions)
    succeeded = set(launcher.launch_classes(stage, ranges))
    failed = [name for name in classes if name not in succeeded]
    ran_with_others = len(ranges) < len(classes)
    if failed and ran_with_others and stage.retry_individually:
        succeeded |= launcher.launch_classes(stage, class_ranges(failed, partitions, size=1))
    return succeeded
