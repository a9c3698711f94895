"""Automation conditions: when each asset is materialized again, as an alternative to the schedule.

The setting `automation` chooses between the two. With conditions, the library sensor only adds new
classes as partitions; the conditions see that their assets are missing.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster import AutomationCondition as Condition

from insight_dagster.resources.names import asset_name
from insight_dagster.settings import Settings

_IDLE = ~Condition.in_progress() & ~Condition.execution_failed()
_READY = ~Condition.any_deps_missing() & ~Condition.any_deps_in_progress()
_TRUSTED = ~Condition.any_deps_match(
    Condition.any_checks_match(Condition.check_failed(), blocking_only=True)
)


def conditions(settings: Settings) -> dict[str, dg.AutomationCondition]:
    """Return the condition of every asset that has one, by name.

    - `clip_manifest`: when a class is new, and every night (`nightly_cron`).
    - The other assets of a class: when they are missing or their inputs are newer.
    - `latent_space`: at night only; every class is projected again afterwards.
    - `insight_report`: when something it shows is newer.

    Blocking checks hold back the assets downstream for their own class. They do not hold back the
    shared fit, where one class would stop all; it leaves untrusted classes out.
    """
    nightly = Condition.cron_tick_passed(settings.nightly_cron, settings.timezone)
    missing = (Condition.missing() & _IDLE & _READY).with_label("new class")
    newer = _once(Condition.any_deps_updated()) & ~Condition.in_progress() & _READY
    follows = missing | (newer & _TRUSTED).with_label("inputs are newer")
    # A class that is missing must not block a shared asset: inputs of one class are enough.
    has_input = Condition.any_deps_match(~Condition.missing())
    inputs_idle = ~Condition.any_deps_in_progress()
    first = (Condition.missing() & _IDLE & has_input & inputs_idle).with_label("first time")
    # Every night is a new attempt, whether or not the last one failed.
    tonight = _once(nightly) & ~Condition.in_progress()
    shared = (tonight & has_input & inputs_idle).with_label("night")
    updated = _once(Condition.any_deps_updated()) & ~Condition.in_progress()
    report = (updated & inputs_idle).with_label("something shown is newer")
    per_class = ("embeddings", "metadata_table", "performance", "projection", "clusters")
    return {
        "clip_manifest": missing | tonight.with_label("night"),
        **dict.fromkeys((*per_class, "insights", "heatmap_bundles", "verdict"), follows),
        "latent_space": first | shared,
        "insight_report": first | report,
    }


def _once(condition: Any) -> Any:
    """Return a condition that holds from when another became true until a run was requested."""
    return condition.since_last_handled()


def with_conditions(
    assets: list[dg.AssetsDefinition], settings: Settings
) -> list[dg.AssetsDefinition]:
    """Return the assets with their conditions, or unchanged if the settings do not use any."""
    if settings.automation != "conditions":
        return assets
    found = conditions(settings)
    return [
        asset.map_asset_specs(
            lambda spec: spec.replace_attributes(
                automation_condition=found.get(asset_name(spec.key))
            )
        )
        for asset in assets
    ]
