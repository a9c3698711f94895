"""Texts and names inside SQL."""

import duckdb
import pytest

from insight_dagster.database import Database
from insight_dagster.database.quoting import identifier, literal
from insight_dagster.errors import DatabaseError


@pytest.mark.parametrize("text", ["", "it's", "a\0b", "\0", "'\0'", "ü\n", "\\", "$1 ? %", "{}"])
def test_a_literal_equals_its_text(text):
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]
        sql = f"SELECT 1 FROM (SELECT ? AS t) WHERE t = {literal(text)}"  # noqa: S608
        assert connection.execute(sql, [text]).fetchall() == [(1,)]


def test_a_text_that_no_row_can_have_equals_none():
    found = literal("/clips/\udcff.mp4")
    with duckdb.connect() as connection:
        sql = f"SELECT 1 WHERE starts_with('/clips', {found}) OR {found} = '/clips/?.mp4'"
        assert connection.execute(sql).fetchall() == []


def test_an_identifier_is_one_name():
    name = 'a "b"; c'
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE {identifier(name)} (i INTEGER)")
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [(name,)]


def test_a_home_whose_name_is_no_text_is_refused(tmp_path):
    (tmp_path / "\udcff").mkdir()
    with pytest.raises(DatabaseError, match="its name is no UTF-8"):
        Database(tmp_path / "\udcff" / "insight.duckdb").has_rows("clusters")
