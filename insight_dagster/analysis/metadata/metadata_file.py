"""The user's own metadata columns, from a CSV or Parquet file with one row per clip.

Reading and joining the file belong here; explaining insights with its columns does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from insight_dagster.errors import SettingsError

_KEYS = ("clip_id", "path")


@dataclass(frozen=True)
class JoinedColumns:
    """The columns of a metadata file for n clips.

    Attributes:
        columns: n rows in the order of the clips: numbers, dates as seconds since 1970, text.
        without_row: number of clips without a row in the file.
        unknown: number of rows of the file without a clip.
    """

    columns: pd.DataFrame
    without_row: int
    unknown: int


def read_columns(file: Path, clips: pd.DataFrame, *, taken: frozenset[str]) -> JoinedColumns:
    """Join a metadata file to clips by `clip_id`, or by `path` if it has no such column.

    Args:
        file: a `.csv` or `.parquet` file.
        clips: n rows with `clip_id` and `path`.
        taken: names of measured columns, which the file must not use.

    Raises:
        SettingsError: the file cannot be read, has no key column, repeats a key, or uses the name
            of a measured column.
    """
    table = _read(file)
    key = next((name for name in _KEYS if name in table.columns), None)
    if key is None:
        raise SettingsError(
            f"{file} needs a column clip_id or path; it has {', '.join(map(str, table.columns))}"
        )
    table[key] = table[key].astype("string")
    repeated = table[key][table[key].duplicated()]
    if len(repeated):
        raise SettingsError(f"{file} has several rows for {key} {repeated.iloc[0]!r}; keep one")
    clashes = sorted((set(map(str, table.columns)) - set(_KEYS)) & taken)
    if clashes:
        raise SettingsError(
            f"{file} has columns named like measured fields: {', '.join(clashes)}; rename them"
        )
    columns = pd.DataFrame(
        {str(name): _plain(table[name]) for name in table.columns if name not in _KEYS}
    ).set_index(table[key].to_numpy())
    keys = clips[key].astype("string")
    return JoinedColumns(
        columns=columns.reindex(keys).reset_index(drop=True),
        without_row=int((~keys.isin(columns.index)).sum()),
        unknown=int((~columns.index.isin(keys)).sum()),
    )


def _read(file: Path) -> pd.DataFrame:
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise SettingsError(f"the metadata file {file} must be a .csv or .parquet file")
    try:
        return pd.DataFrame(reader(file))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"the metadata file {file} cannot be read: {problem}") from problem


def _plain(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return pd.Series(column.astype("Float64").to_numpy(np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(column):
        since = pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")
        return pd.Series(since / pd.Timedelta(seconds=1))
    return column.astype("string")
