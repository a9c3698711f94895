"""The types `Column` and `Table`, and short functions that make columns.

The tables themselves are defined in the other modules of `insight_dagster.tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
    "DOUBLE[]": pa.list_(pa.float64()),
    "FLOAT[]": pa.list_(pa.float32()),
    "UTINYINT[]": pa.list_(pa.uint8()),
    "MAP(VARCHAR, DOUBLE)": pa.map_(pa.string(), pa.float64()),
}


@dataclass(frozen=True)
class Column:
    """A column: its DuckDB type, meaning and unit ('' for text, counts and pure numbers)."""

    name: str
    sql_type: str
    description: str
    unit: str = ""
    nullable: bool = False

    @property
    def comment(self) -> str:
        """The description followed by the unit, as stored in the database."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description

    def stored(self, value: object) -> object:
        """Return a value as it is stored: NULL for an empty text in a nullable column."""
        return None if self.nullable and isinstance(value, str) and not value else value


@dataclass(frozen=True)
class Table:
    """A table: its columns, its primary key, and the column that holds the partition.

    Attributes:
        irreplaceable: whether a run cannot compute its rows again, so that they are backed up.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_column: str = "class_name"
    irreplaceable: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns in storage order."""
        return tuple(column.name for column in self.columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow types of the columns; not defined for fixed-length vectors."""
        return pa.schema([(each.name, _ARROW_TYPES[each.sql_type]) for each in self.columns])

    def from_rows(self, rows: Iterable[Mapping[str, object]]) -> pa.Table:
        """Return rows, given as mappings by column name, as an Arrow table.

        Columns that a row leaves out are null. Tables of fixed-length vectors are not supported,
        because their dimension is not part of the definition.
        """
        return pa.Table.from_pylist([dict(row) for row in rows], schema=self.arrow_schema)

    def from_records(self, records: Iterable[object]) -> pa.Table:
        """Return objects as an Arrow table; each column is read from the attribute of its name.

        An empty text in a nullable column is stored as NULL.
        """
        return self.from_rows(
            {each.name: each.stored(getattr(record, each.name)) for each in self.columns}
            for record in records
        )

    def names_without(self, *left_out: str) -> tuple[str, ...]:
        """Return the names of all columns except those given, in storage order.

        Raises:
            ValueError: a name to leave out is not a column.
        """
        unknown = sorted(set(left_out) - set(self.column_names))
        if unknown:
            raise ValueError(f"{self.name} has no columns {unknown}; it has {self.column_names}")
        return tuple(name for name in self.column_names if name not in left_out)


def text(name: str, description: str, *, nullable: bool = False) -> Column:
    """Return a column of text."""
    return Column(name, "VARCHAR", description, nullable=nullable)


def whole(name: str, description: str, unit: str = "", nullable: bool = False) -> Column:
    """Return a column of whole numbers."""
    return Column(name, "INTEGER", description, unit, nullable)


def real(name: str, description: str, unit: str = "", nullable: bool = False) -> Column:
    """Return a column of real numbers."""
    return Column(name, "DOUBLE", description, unit, nullable)


def measure(name: str, description: str, unit: str = "") -> Column:
    """Return a column of real numbers that can be null."""
    return real(name, description, unit, nullable=True)
