"""The registry of kinds: each is defined, and finds what it is named after."""

from insight_dagster.analysis.insights import DEFINITIONS
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.kinds.registry import KINDS, run_tests
from tests.support.synthetic_clips import planted_clips


def test_every_kind_has_a_definition():
    assert set(DEFINITIONS) == set(KINDS)
    assert all(text.startswith("Find ") for text in DEFINITIONS.values())


def test_findings_are_of_registered_kinds_and_skipped_tests_have_none():
    tests = run_tests(ClipViews(planted_clips(seed=1)[0].sorted_by_id(), seed=0))
    assert {finding.kind for test in tests for finding in test.findings} <= set(KINDS)
    assert len({test.name for test in tests}) == len(tests)
    assert not [test for test in tests if test.skipped and test.findings]
