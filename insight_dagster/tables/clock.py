"""The current time, as tables and reports keep it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC, with its time zone."""
    return datetime.now(UTC)


def timestamp_now() -> datetime:
    """Return the current time in UTC as a TIMESTAMP column holds it: without a time zone."""
    return utc_now().replace(tzinfo=None)
