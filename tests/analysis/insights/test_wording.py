"""Groups in a few words."""

from insight_dagster.analysis.insights.phrases import clips_of


def test_mostly_is_more_than_half():
    assert clips_of(["a"] * 4) == "4 a clips"
    assert clips_of(["a"] * 4 + ["b"] * 3) == "7 clips, mostly a,"
    two = "8 clips of 2 classes (a 4, b 4) with x >= 1"
    assert clips_of(["a"] * 4 + ["b"] * 4, rule="x >= 1") == two
    assert clips_of(list("aabcd")) == "5 clips of 4 classes (a 2, b 1, c 1, others 1)"
