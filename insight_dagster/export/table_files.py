"""Tables as CSV and Parquet files for people and other programs.

Belongs here: writing one table safely. Does not: which rows it has.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from insight_dagster.errors import SettingsError, UnavailableError
from insight_dagster.files.atomic import write_atomically
from insight_dagster.files.visible_text import visible

# A spreadsheet runs a cell that begins with one of these, in some locales in their wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SPACE = " \u00a0\u3000\ufeff"


def write_table(table: pa.Table, out: Path) -> None:
    """Write rows as CSV or Parquet, by the ending of the name, whole or not at all.

    In CSV, a text that a spreadsheet would run as a formula (OWASP, "CSV Injection") gets an
    apostrophe in front, because file names and labels come from outside; control characters and
    invisible ones are escaped, as the command line shows them; lists and maps are JSON. In Parquet
    values are unchanged.

    Raises:
        SettingsError: another ending, or a file that cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise SettingsError(f"{out} must end in .csv or .parquet")

    def save(draft: Path) -> None:
        if suffix == ".parquet":
            pq.write_table(table, draft)
        else:
            pcsv.write_csv(_of_plain_cells(table), draft)

    try:
        write_atomically(out, save, make_parent=False)
    except OSError as problem:
        raise UnavailableError(f"{out} cannot be written: {problem}") from problem


def _of_plain_cells(table: pa.Table) -> pa.Table:
    return pa.table([_plain(column) for column in table.columns], names=table.column_names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_string(column.type):
        return pa.array([_harmless(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_map(column.type):
        maps = [value if value is None else dict(value) for value in column.to_pylist()]
        return pa.array([_json(value) for value in maps], pa.string())
    if pa.types.is_nested(column.type):
        return pa.array([_json(value) for value in column.to_pylist()], pa.string())
    return column


def _json(value: object) -> str | None:
    """Return a value as JSON; in ASCII if its texts have characters that are not shown."""
    if value is None:
        return None
    text = json.dumps(value, ensure_ascii=False)
    return text if text == visible(text) else json.dumps(value)


def _harmless(value: str | None) -> str | None:
    if not value:
        return value
    shown = visible(value)
    return f"'{shown}" if value.lstrip(_SPACE).startswith(_FORMULA) else shown
