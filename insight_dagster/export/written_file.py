"""What an export reports of each file that it wrote."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class WrittenFile:
    """A file of an export.

    Attributes:
        name: relative to the folder of the export.
        contents: how many rows or documents it has, in words.
    """

    name: str
    contents: str

    @classmethod
    def of_table(cls, name: str, rows: pa.Table) -> WrittenFile:
        """Return the report of a file with the rows of a table."""
        return cls(name, f"{rows.num_rows} rows")
