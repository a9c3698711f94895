"""What a failed step says, without Dagster's wrapping."""

from __future__ import annotations

from dagster._utils.error import SerializableErrorInfo


def reason_of(error: SerializableErrorInfo) -> str:
    """The message of the error that a step failed with, without its class."""
    while error.cause and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    text = error.message.strip()
    return text.partition(": ")[2] or text
