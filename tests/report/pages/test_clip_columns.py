"""Clips joined from all tables."""

from __future__ import annotations

from insight_dagster.report.pages.clip_columns import joined_clips


def test_clips_have_the_columns_of_every_table(make_data) -> None:
    data = make_data(clips=40)
    clips = joined_clips(data)
    assert list(clips["clip_id"]) == sorted(clips["clip_id"])
    row = clips.iloc[7]
    prediction = data.predictions.set_index("clip_id").loc[row["clip_id"]]
    measured = data.metadata_table.set_index("clip_id").loc[row["clip_id"]]
    assert (row["predicted"], row["loss"]) == (prediction["predicted"], prediction["loss"])
    assert row["sharpness"] == measured["sharpness"]
