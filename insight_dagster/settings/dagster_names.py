"""How a home appears in a Dagster instance: settings of asset keys, groups, owners and partitions.

A home that shares its instance with another needs a key prefix of its own. Which assets there are
belongs to `definitions`; how a name becomes a key is in `resources/names`.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

_PART = r"[A-Za-z_][A-Za-z0-9_]*"
_PARTS = re.compile(rf"{_PART}(/{_PART})*")
_PARTITION_SET = re.compile(r"[A-Za-z0-9_.-]+")
_OWNER = re.compile(r"team:[^\s,]+|[^@\s,]+@[^@\s,]+\.[^@\s,]+")


class DagsterNames(BaseModel):
    """The names that a home has in the Dagster UI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_prefix: str = Field(
        "",
        description="prefix of every asset key, its parts separated by /; homes that share a "
        "Dagster instance need different ones",
    )
    partition_set: str | None = Field(
        None,
        description="name of the dynamic partitions that hold the classes; default: action_class, "
        "preceded by the parts of the key prefix and dots if there is one",
    )
    group: str | None = Field(
        None, description="group of all assets in the Dagster UI; default: one group per subject"
    )
    owners: tuple[str, ...] = Field(
        ("team:video-models",),
        description="owners of all assets in the Dagster UI: e-mail addresses or team:NAME",
    )

    @property
    def class_partitions(self) -> str:
        """Name of the dynamic partitions that hold the classes.

        No part of a prefix contains a dot, so that two prefixes never have the same.
        """
        parts = self.key_prefix.split("/") if self.key_prefix else []
        return self.partition_set or ".".join((*parts, "action_class"))

    @field_validator("key_prefix", "group")
    @classmethod
    def _has_valid_parts(cls, value: str | None) -> str | None:
        if value and not _PARTS.fullmatch(value):
            raise ValueError(
                "needs parts of letters, digits and _ that do not begin with a digit, separated "
                "by /, e.g. video/north"
            )
        return value

    @field_validator("partition_set")
    @classmethod
    def _is_partition_set(cls, value: str | None) -> str | None:
        if value and not _PARTITION_SET.fullmatch(value):
            raise ValueError("needs letters, digits and _ . -, e.g. north.action_class")
        return value

    @field_validator("owners")
    @classmethod
    def _are_owners(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for owner in value:
            if not _OWNER.fullmatch(owner):
                raise ValueError(f"{owner!r} is neither an e-mail address nor team:NAME")
        return value
