"""Automation conditions: each asset says by itself when it wants to be materialized again.

For those who prefer them to the nightly schedule; the setting `automation` chooses. The library
sensor then only takes up new classes: that their clips are missing is what the conditions see.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster import AutomationCondition as Condition

from insight_dagster.settings import Settings

_QUIET = ~Condition.in_progress() & ~Condition.execution_failed()
_READY = ~Condition.any_deps_missing() & ~Condition.any_deps_in_progress()
_TRUSTED = ~Condition.any_deps_match(
    Condition.any_checks_match(Condition.check_failed(), blocking_only=True)
)


def conditions(settings: Settings) -> dict[str, dg.AutomationCondition]:
    """The condition of every asset that has one, by name.

    - The manifest is listed when a class is new, and every night (`nightly_cron`).
    - What follows from it for the class follows when it is missing or its inputs are newer.
    - The shared fit is renewed at night only; then every class is placed again.
    - The report is written when something it shows is newer.

    Blocking checks hold back what is downstream of their own class. For the shared fit that would
    let one class stop all: it leaves classes out by itself.
    """
    nightly = Condition.cron_tick_passed(settings.nightly_cron, settings.timezone)
    missing = (Condition.missing() & _QUIET & _READY).with_label("new class")
    newer = _once(Condition.any_deps_updated()) & ~Condition.in_progress() & _READY
    follows = missing | (newer & _TRUSTED).with_label("inputs are newer")
    # One class that is missing must not stall what is shared: some class is enough.
    begun, calm = (
        Condition.any_deps_match(~Condition.missing()),
        ~Condition.any_deps_in_progress(),
    )
    first = (Condition.missing() & _QUIET & begun & calm).with_label("first time")
    # Every night is a new attempt, whatever became of the last one.
    tonight = _once(nightly) & ~Condition.in_progress()
    shared = (tonight & begun & calm).with_label("night")
    report = (_once(Condition.any_deps_updated()) & ~Condition.in_progress() & calm).with_label(
        "something shown is newer"
    )
    per_class = ("embeddings", "metadata_table", "performance", "projection", "clusters")
    return {
        "clip_manifest": missing | tonight.with_label("night"),
        **dict.fromkeys((*per_class, "insights", "heatmap_bundles", "verdict"), follows),
        "latent_space": first | shared,
        "insight_report": first | report,
    }


def _once(condition: Any) -> Any:
    """True from when a condition became true until it was answered by a request."""
    return condition.since_last_handled()


def with_conditions(
    assets: list[dg.AssetsDefinition], settings: Settings
) -> list[dg.AssetsDefinition]:
    """The assets with their conditions, if the settings ask for them."""
    if settings.automation != "conditions":
        return assets
    found = conditions(settings)
    return [
        asset.map_asset_specs(
            lambda spec: spec.replace_attributes(
                automation_condition=found.get(spec.key.to_user_string())
            )
        )
        for asset in assets
    ]
