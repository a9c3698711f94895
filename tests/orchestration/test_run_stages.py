"""The rules of an analysis in stages, with a launcher that runs nothing."""

import pytest

from insight_dagster.orchestration.run_stages import Analysis, StageResult, run_stage, run_stages
from insight_dagster.orchestration.stages import (
    EVALUATE,
    EXPLAIN,
    EXTRACT,
    PLACE,
    PROMOTE,
    REFIT,
    REPORT,
    STAGES,
)

NAMES = list("abcdefgh")


class FakeLauncher:
    """Completes everything but what it is told to fail.

    A run with a class that `breaks` completes none of its classes, unless the class is alone and
    does not fail `always`. `fails` names classes by job, and None for a stage without classes.
    """

    def __init__(self, breaks=(), always=(), fails=None):
        self.breaks, self.always, self.fails = set(breaks), set(always), fails or {}
        self.launched, self.configured = [], []

    def partitions(self):
        return NAMES

    def launch_classes(self, stage, ranges):
        self.launched.append((stage, list(ranges)))
        done = set()
        for first, last in ranges:
            group = set(NAMES[NAMES.index(first) : NAMES.index(last) + 1])
            alone = len(group) == 1
            if not group & self.breaks or (alone and not group & self.always):
                done |= group - set(self.fails.get(stage.job, ()))
        return done

    def launch_shared(self, stage, op_config):
        self.launched.append((stage, None))
        self.configured.append(op_config)
        return None not in self.fails.get(stage.job, ())

    def failure_reason(self, stage, class_name):
        return f"why {class_name}"

    def classes_of(self, stage):
        """The classes that a stage was launched for, retries left aside."""
        first, *_ = [ranges for launched, ranges in self.launched if launched is stage]
        return [n for a, b in first for n in NAMES[NAMES.index(a) : NAMES.index(b) + 1]]


def failed(result: StageResult) -> list[str | None]:
    return [failure.class_name for failure in result.failures]


def test_a_class_that_breaks_a_run_of_many_costs_the_others_a_second_try():
    launcher = FakeLauncher(breaks={"c"})
    result = run_stage(EXTRACT, NAMES, launcher)
    assert result.succeeded == tuple(NAMES) and not result.failures
    assert [ranges for _, ranges in launcher.launched] == [
        [("a", "h")],
        [(name, name) for name in NAMES],
    ]


def test_a_class_that_always_fails_is_the_only_one_that_does():
    result = run_stage(EXTRACT, NAMES, FakeLauncher(breaks={"c"}, always={"c"}))
    assert result.failed == {"c": "why c"}
    assert result.succeeded == tuple("abdefgh")


def test_a_class_that_failed_alone_is_not_tried_again():
    launcher = FakeLauncher(breaks={"c"}, always={"c"})
    assert failed(run_stage(EXTRACT, ["c"], launcher)) == ["c"]
    assert len(launcher.launched) == 1


def test_checks_are_not_evaluated_twice():
    launcher = FakeLauncher(breaks={"c"}, always={"c"})
    assert failed(run_stage(EVALUATE, NAMES, launcher)) == NAMES
    assert len(launcher.launched) == 1


def test_a_class_that_is_no_partition_fails():
    assert failed(run_stage(EXTRACT, ["a", "unknown"], FakeLauncher())) == ["unknown"]


def test_a_stage_without_classes_succeeds_or_says_why_not():
    launcher = FakeLauncher(fails={"write_report": [None]})
    config = {"promote": {"author": "me"}}
    assert run_stage(PROMOTE, (), launcher, op_config=config) == StageResult(PROMOTE)
    assert launcher.configured == [config]
    assert run_stage(REPORT, (), launcher).shared_failure == "why None"


def test_an_analysis_runs_all_stages_for_all_classes():
    launcher, begun = FakeLauncher(), []
    analysis = run_stages(STAGES, NAMES, launcher, on_begin=begun.append)
    assert begun == [stage for stage, _ in launcher.launched] == list(STAGES)
    assert analysis.remaining == analysis.classes == tuple(NAMES)
    assert not analysis.work_failures and not analysis.reported_failures


def test_a_class_that_failed_is_left_out_of_the_later_stages():
    launcher = FakeLauncher(fails={EXTRACT.job: "b", EXPLAIN.job: "d"})
    analysis = run_stages(STAGES, NAMES, launcher)
    assert launcher.classes_of(PLACE) == launcher.classes_of(EXPLAIN) == list("acdefgh")
    assert analysis.remaining == tuple("acefgh")
    assert [(each.stage, each.class_name) for each in analysis.work_failures] == [
        (EXTRACT, "b"),
        (EXPLAIN, "d"),
    ]


def test_a_stage_that_only_reports_is_run_for_all_and_costs_no_class():
    launcher = FakeLauncher(fails={EXTRACT.job: "b", EVALUATE.job: "be"})
    analysis = run_stages(STAGES, NAMES, launcher)
    assert launcher.classes_of(EVALUATE) == NAMES
    assert analysis.remaining == tuple("acdefgh")
    assert [each.class_name for each in analysis.work_failures] == ["b"]
    assert [each.class_name for each in analysis.reported_failures] == ["e"], "b's work failed"


def test_a_stage_without_classes_that_fails_ends_the_analysis():
    launcher = FakeLauncher(fails={EXTRACT.job: "b", REFIT.job: [None]})
    analysis = run_stages(STAGES, NAMES, launcher)
    assert analysis.has_ended
    assert launcher.launched[-1] == (REFIT, None)
    assert [each.class_name for each in analysis.work_failures] == ["b", None]


def test_no_run_is_launched_where_no_class_is_left():
    launcher = FakeLauncher(fails={EXTRACT.job: NAMES})
    analysis = run_stages(STAGES, NAMES, launcher)
    assert PLACE not in {stage for stage, _ in launcher.launched}
    assert launcher.classes_of(EVALUATE) == NAMES
    assert analysis.remaining == () and not analysis.reported_failures


@pytest.mark.parametrize("stage", STAGES)
def test_stages_one_by_one_and_all_in_a_row_are_the_same(stage):
    fails = {stage.job: [None] if not stage.per_class else ["c"]}
    one_by_one = Analysis(tuple(NAMES))
    for each in STAGES:
        if not one_by_one.has_ended:
            one_by_one = one_by_one.run(each, FakeLauncher(fails=fails))
    assert one_by_one == run_stages(STAGES, NAMES, FakeLauncher(fails=fails))
