"""Steps as files: what was written is read again, and no cell is a formula."""

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.errors import SettingsError
from insight_dagster.export.table_files import write_table
from insight_dagster.files.visible_text import visible
from tests.cli.test_cli import insight, run_json

PATHS = [
    "plain/clip.mp4", "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1",
    "＋1", "－1", "＠1", '"=1', "a,b", 'say "no"', "two\nlines", "شريط.mp4", "🎬.mp4", "it's", None,
]  # fmt: skip
FORMULAS = PATHS[1:14]


def steps(paths):
    return pa.table({
        "rank": pa.array(range(len(paths)), pa.int32()),
        "path": pa.array(paths, pa.string()),
        "confidence": pa.array([0.1 + n / 3 for n in range(len(paths))]),
    })  # fmt: skip


def test_parquet_gives_everything_back(tmp_path):
    write_table(steps(PATHS), tmp_path / "steps.parquet")
    read = duckdb.read_parquet(str(tmp_path / "steps.parquet")).fetchall()
    assert read == list(zip(*steps(PATHS).to_pydict().values(), strict=True))


def test_csv_gives_everything_back_but_formulas_as_text(tmp_path):
    write_table(steps(PATHS), tmp_path / "steps.CSV")
    read = duckdb.read_csv(str(tmp_path / "steps.CSV"), quotechar='"', escapechar='"').fetchall()
    for (rank, path, confidence), given_path in zip(read, PATHS, strict=True):
        shown = given_path and visible(given_path)
        assert path == (f"'{shown}" if given_path in FORMULAS else shown)
        assert confidence == pytest.approx(0.1 + rank / 3, rel=1e-15)


@given(st.text(max_size=8))
def test_no_cell_begins_like_a_formula(tmp_path_factory, path):
    out = tmp_path_factory.getbasetemp() / "any.csv"
    write_table(steps([path]), out)
    cell = out.read_bytes().decode().partition("\n")[2].partition(",")[2]
    assert cell.removeprefix('"').lstrip(" ")[:1] not in tuple("=+-@\t\r\n")


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(SettingsError, match="cannot be written"):
        write_table(steps(PATHS), tmp_path / "nowhere" / "steps.csv")
    (tmp_path / "steps.csv").mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_table(steps(PATHS), tmp_path / "steps.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["steps.csv"]
    with pytest.raises(SettingsError, match=r"must end in \.csv or \.parquet"):
        write_table(steps(PATHS), tmp_path / "steps.xls")


def test_hostile_file_names_are_exported_as_text(home_copy, tmp_path):
    home = str(home_copy.home)
    listed = run_json("insights", "--home", home)["insights"]
    first = max(listed, key=lambda each: each["size"])["insight_id"]
    clip_ids = [step["clip_id"] for step in run_json("actions", first, "--home", home)["steps"]]
    names = [
        '=HYPERLINK("http://x","y")',
        "  @SUM(1)",
        "＝1+1",
        'a "quoted", name\nof two lines',
    ]
    assert len(clip_ids) >= len(names)
    names = dict(zip(clip_ids, names, strict=False))
    with duckdb.connect(str(home_copy.folders.database)) as connection:
        for clip_id, path in names.items():
            connection.execute(
                "UPDATE clip_manifest SET path = ? WHERE clip_id = ?", [path, clip_id]
            )
    for out in (tmp_path / "steps.csv", tmp_path / "steps.parquet"):
        written = insight("actions", first, "--out", str(out), "--home", home)
        assert written.returncode == 0, written.stderr
        read = duckdb.read_parquet if out.suffix == ".parquet" else duckdb.read_csv
        paths = dict(read(str(out)).select("clip_id", "path").fetchall())
        for clip_id, path in names.items():
            quoted = out.suffix == ".csv" and not path.startswith("a")
            shown = visible(path) if out.suffix == ".csv" else path
            assert paths[clip_id] == ("'" if quoted else "") + shown
