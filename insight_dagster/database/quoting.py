"""Texts and names inside SQL, where no parameter can stand or would be slow."""

from __future__ import annotations


def literal(text: str) -> str:
    """Return a text as an SQL literal that equals it.

    DuckDB imports pandas to look at a parameter, which takes longer than a small read.

    Args:
        text: any text. No stored text has lone surrogates, which stand for bytes of file names that
            are no UTF-8: such a text becomes NULL, which equals nothing.
    """
    if not is_storable(text):
        return "CAST(NULL AS VARCHAR)"
    quoted = "'" + text.replace("'", "''") + "'"
    if "\0" not in text:
        return quoted
    # A statement ends at a NUL character.
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")"


def identifier(name: str) -> str:
    """Return a name of a table, column or schema as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def is_storable(text: str) -> bool:
    """Return whether DuckDB can hold a text: one without lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
