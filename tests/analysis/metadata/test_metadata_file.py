"""The user's metadata file: joined by clip id or path, and refused with the reason."""

import numpy as np
import pandas as pd
import pytest

from insight_dagster.analysis.metadata.metadata_file import read_columns
from insight_dagster.errors import SettingsError

CLIPS = pd.DataFrame({"clip_id": ["b", "a", "c"], "path": ["x/b.mp4", "x/a.mp4", "y/c.mp4"]})


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_columns_come_in_the_order_of_the_clips(tmp_path, form):
    file = tmp_path / f"columns.{form}"
    frame = pd.DataFrame({
        "clip_id": ["a", "b", "z"], "lux": [3.5, 7.0, 1.0], "night": [True, False, True],
        "camera": ["phone", "drone", "phone"],
    })  # fmt: skip
    frame.to_csv(file, index=False) if form == "csv" else frame.to_parquet(file)
    found = read_columns(file, CLIPS, taken=frozenset())
    assert (found.without_row, found.unknown) == (1, 1)
    np.testing.assert_array_equal(found.columns["lux"], [7.0, 3.5, np.nan])
    np.testing.assert_array_equal(found.columns["night"], [0, 1, np.nan])
    assert found.columns["camera"].tolist()[:2] == ["drone", "phone"]
    assert found.columns["camera"].isna().tolist() == [False, False, True]


def test_paths_are_a_key_and_dates_are_seconds(tmp_path):
    file = tmp_path / "columns.parquet"
    recorded = pd.to_datetime(["2026-01-02", None])
    pd.DataFrame({"path": ["y/c.mp4", "x/b.mp4"], "recorded": recorded}).to_parquet(file)
    found = read_columns(file, CLIPS, taken=frozenset())
    assert found.columns["recorded"].tolist()[2] == pd.Timestamp("2026-01-02").timestamp()
    assert found.columns["recorded"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,lux\na,1\n", "needs a column clip_id or path; it has id, lux"),
        ("clip_id,lux\na,1\na,2\n", "several rows for clip_id 'a'"),
        ("clip_id,sharpness\na,1\n", "measured fields: sharpness"),
        ("", "cannot be read"),
    ],
)
def test_faults_are_reported(tmp_path, text, reason):
    file = tmp_path / "columns.csv"
    file.write_text(text)
    with pytest.raises(SettingsError, match=reason):
        read_columns(file, CLIPS, taken=frozenset({"sharpness"}))


def test_missing_files_and_other_forms(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_columns(tmp_path / "none.csv", CLIPS, taken=frozenset())
    with pytest.raises(SettingsError, match=r"must be a \.csv or \.parquet"):
        read_columns(tmp_path / "columns.xlsx", CLIPS, taken=frozenset())
