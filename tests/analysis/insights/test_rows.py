"""Rows of the insight tables: their columns, and how they belong together."""

from insight_dagster import tables
from insight_dagster.analysis.insights import discover
from tests.support.synthetic_clips import planted_clips


def found(clips, class_name="disc", *, seed=0, **origin):
    return discover(clips, seed=seed).of_class(class_name, **origin)


def test_rows_have_the_columns_of_the_tables_and_belong_together():
    clips, _ = planted_clips(seed=0)
    result = found(clips, model_fingerprint="model", space_id="space")
    for rows, definition in (
        (result.insights, tables.INSIGHTS),
        (result.members, tables.INSIGHT_MEMBERS),
        (result.causes, tables.INSIGHT_CAUSES),
    ):
        assert tuple(rows.column_names) == definition.column_names
        required = [column.name for column in definition.columns if not column.nullable]
        assert all(rows[name].null_count == 0 for name in required)
        assert set(rows["class_name"].to_pylist()) == {"disc"}
    insights = result.insights.to_pandas()
    sizes = result.members.to_pandas().groupby("insight_id").size()
    assert sizes.to_dict() == dict(zip(insights.insight_id, insights["size"], strict=True))
    assert insights.severity.between(0, 1).all()
    assert insights.severity.is_monotonic_decreasing
    assert (insights.q_value <= 0.05).all()
    assert (insights.ci_low <= insights.effect).all()
    assert (insights.effect <= insights.ci_high).all()
    assert set(insights.model_fingerprint) == {"model"}
