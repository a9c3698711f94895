"""Names in the Dagster instance: the key of an asset, the partitions, the runs of this home.

The only place that turns the name of an asset into its key, and back. The settings are in
`insight_dagster.settings.dagster_names`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import dagster as dg

from insight_dagster.settings.dagster_names import DagsterNames

PREFIX_TAG = "insight/key_prefix"
"""On the runs of jobs of a home with a key prefix: the prefix."""


@dataclass(frozen=True)
class Names:
    """What a home's assets, partitions and runs are called in the Dagster instance.

    Attributes:
        prefix: parts of every asset key before the asset's name.
        partition_set: name of the dynamic partitions, one for each class.
    """

    prefix: tuple[str, ...] = ()
    partition_set: str = "action_class"

    @classmethod
    def of(cls, settings: DagsterNames) -> Self:
        """Return the names that the settings choose."""
        prefix = tuple(settings.key_prefix.split("/")) if settings.key_prefix else ()
        return cls(prefix, settings.class_partitions)

    def key(self, asset: str) -> dg.AssetKey:
        """Return the key of an asset."""
        return dg.AssetKey([*self.prefix, asset])

    def keys(self, assets: Iterable[str]) -> list[dg.AssetKey]:
        """Return the keys of assets, in order."""
        return [self.key(asset) for asset in assets]

    @property
    def classes(self) -> dg.DynamicPartitionsDefinition:
        """The partitions, one for each class."""
        return dg.DynamicPartitionsDefinition(name=self.partition_set)

    @property
    def run_tags(self) -> dict[str, str]:
        """Tags of the home's jobs, which their runs carry; none without a prefix."""
        return {PREFIX_TAG: "/".join(self.prefix)} if self.prefix else {}

    def owns(self, run: dg.DagsterRun) -> bool:
        """Return whether a run of one of the jobs is this home's, not another home's."""
        return run.tags.get(PREFIX_TAG, "") == "/".join(self.prefix)


def asset_name(key: dg.AssetKey) -> str:
    """Return the name of an asset: the last part of its key."""
    return key.path[-1]
