"""Records: frozen dataclasses whose fields are the columns of a table.

A table whose rows the analysis makes one by one is declared once, as a record class: names, types,
units and meaning of its columns come from the class. How records are declared belongs here; the
records themselves (`insights`, `follow_up`) do not.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar, dataclass_transform, get_args, get_type_hints

from insight_dagster.tables.columns import Column, Table
from insight_dagster.tables.status import Word

_SQL_TYPES: Mapping[Any, str] = {
    str: "VARCHAR",
    int: "INTEGER",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP",
    tuple[str, ...]: "VARCHAR[]",
    tuple[float, ...]: "DOUBLE[]",
}
_MEANING, _VALUE = "meaning", "value"
Record = TypeVar("Record")


def column(description: str, unit: str = "") -> Any:
    """Declare a field that is stored; its type, and whether it may be missing, is its annotation.

    Args:
        description: what the column means, stored in the database as its comment.
        unit: unit or range, '' for texts, counts and pure numbers.
    """
    return dataclasses.field(metadata={_MEANING: (description, unit)})


def computed(
    description: str,
    unit: str = "",
    *,
    value: Callable[[Any], object],
    init: Literal[False] = False,
) -> Any:
    """Declare a field that is stored and computed from fields of the record.

    Args:
        description: as of `column`.
        unit: as of `column`.
        value: computes the value from the record; only fields that are declared before, or that
            are not computed, may be used.
        init: False: the value is not passed when a record is made.
    """
    metadata = {_MEANING: (description, unit), _VALUE: value}
    return dataclasses.field(init=init, metadata=metadata)


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(column, computed, dataclasses.field),
)
def record(cls: type[Record]) -> type[Record]:
    """Make a class a frozen dataclass whose computed fields are filled when an instance is made."""
    cls.__post_init__ = _compute  # type: ignore[attr-defined]
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)


def table_of(
    cls: type, name: str, description: str, *, key: tuple[str, ...], irreplaceable: bool = False
) -> Table:
    """Return the table whose columns are the stored fields of a record class, in their order.

    Args:
        cls: a class decorated with `record`.
        name: of the table.
        description: of the table.
        key: names of the columns that identify a row.
        irreplaceable: whether a run cannot compute its rows again.

    Raises:
        TypeError: a stored field has a type without a column type.
    """
    hints = get_type_hints(cls)
    stored = [each for each in dataclasses.fields(cls) if _MEANING in each.metadata]
    columns = tuple(_column_of(each, hints[each.name]) for each in stored)
    return Table(name, description, key, columns, irreplaceable=irreplaceable)


def from_row(cls: type[Record], row: Mapping[str, Any]) -> Record:
    """Return the record of a row of its table.

    Args:
        cls: a record class all of whose fields are columns, none of them computed.
        row: values by column name; lists become tuples, words of a vocabulary its members.
    """
    hints = get_type_hints(cls)
    return cls(**{name: _value(value, hints[name]) for name, value in row.items()})


def _value(value: Any, hint: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, Word) else value


def _compute(self: Any) -> None:
    for each in dataclasses.fields(self):
        if _VALUE in each.metadata:
            object.__setattr__(self, each.name, each.metadata[_VALUE](self))


def _column_of(field: dataclasses.Field[Any], hint: Any) -> Column:
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    known = [_plain(kind) for kind in kinds if kind is not types.NoneType]
    if len(known) != 1 or known[0] not in _SQL_TYPES:
        names = ", ".join(getattr(kind, "__name__", str(kind)) for kind in _SQL_TYPES)
        raise TypeError(
            f"column {field.name} is annotated {hint}, which has no column type; use one of "
            f"{names}, with `| None` where it may be missing"
        )
    description, unit = field.metadata[_MEANING]
    return Column(field.name, _SQL_TYPES[known[0]], description, unit, len(kinds) > 1)


def _plain(kind: Any) -> Any:
    """Return the type that a value is stored as: text, for words of a vocabulary."""
    return str if isinstance(kind, type) and issubclass(kind, Word) else kind
