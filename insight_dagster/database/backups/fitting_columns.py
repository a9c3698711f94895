"""Rows of another release in the columns of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.errors import BackupError
from insight_dagster.tables import LAST_WRITE
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.columns import Table
from insight_dagster.tables.identity import SEQUENCE


@dataclass(frozen=True)
class FittedRows:
    """Rows with exactly the columns of their table.

    Attributes:
        rows: the rows.
        filled: columns that the source lacks: null, or empty where null is not allowed.
        left_out: columns of the source that the table lacks.
    """

    rows: pa.Table
    filled: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def fit_columns(table: Table, found: pa.Table | None) -> FittedRows:
    """Return rows with exactly the columns of a table.

    Args:
        table: the table.
        found: rows of another release; None for none.

    Raises:
        BackupError: values of a column cannot be converted to its present type.
    """
    if found is None:
        return FittedRows(table.from_rows([]))
    columns = []
    for column, field in zip(table.columns, table.arrow_schema, strict=True):
        if column.name not in found.column_names:
            value = pa.scalar(None, field.type) if column.nullable else _empty(field.type)
            columns.append(pa.repeat(value, found.num_rows))
            continue
        try:
            columns.append(found[column.name].cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
            raise BackupError(
                f"{table.name}.{column.name} is {found[column.name].type} in the source and "
                f"{field.type} in this release ({problem}); use the release that wrote it"
            ) from problem
    names = set(found.column_names)
    return FittedRows(
        pa.table(columns, schema=table.arrow_schema),
        tuple(name for name in table.column_names if name not in names),
        tuple(sorted(names - set(table.column_names))),
    )


def number_rows(tables: Mapping[str, FittedRows]) -> dict[str, FittedRows]:
    """Return tables in which every write has a number, and the count goes on after the largest.

    Rows of releases that did not count are numbered in the order of their times.

    Args:
        tables: by name, with the columns of this release.
    """
    numbered = {name: _number(each) for name, each in tables.items()}
    numbers = [
        pc.max(each.rows[SEQUENCE.name]).as_py() or 0
        for each in numbered.values()
        if SEQUENCE.name in each.rows.column_names
    ]
    now = timestamp_now()
    (last,) = numbered[LAST_WRITE.name].rows.to_pylist() or [{"written_at": now, "latest_at": now}]
    row = {**last, SEQUENCE.name: max(numbers)}
    numbered[LAST_WRITE.name] = replace(numbered[LAST_WRITE.name], rows=LAST_WRITE.from_rows([row]))
    return numbered


def _number(fitted: FittedRows) -> FittedRows:
    rows = fitted.rows
    if SEQUENCE.name not in fitted.filled or not rows.num_rows:
        return fitted
    times = next(field.name for field in rows.schema if pa.types.is_timestamp(field.type))
    index = rows.column_names.index(SEQUENCE.name)
    numbers = pc.rank(rows[times], tiebreaker="dense").cast(rows.schema.field(index).type)
    return replace(fitted, rows=rows.set_column(index, rows.schema.field(index), numbers))


def _empty(kind: pa.DataType) -> pa.Scalar:
    """Return an empty text or list, zero, false, or the beginning of 1970."""
    if pa.types.is_list(kind):
        return pa.scalar([], kind)
    if pa.types.is_string(kind):
        return pa.scalar("", kind)
    return pa.scalar(0, pa.int64()).cast(kind)
