"""The current time in UTC, as tables and reports store it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC, with its time zone."""
    return datetime.now(UTC)


def timestamp_now() -> datetime:
    """Return the current time in UTC without a time zone, as TIMESTAMP columns store it."""
    return utc_now().replace(tzinfo=None)
