"""The thresholds of the asset checks as a Dagster resource (shown in the UI)."""

from typing import Any

import dagster as dg

from insight_dagster.settings.check_settings import CheckSettings


class CheckThresholds(dg.ConfigurableResource):
    """Holds the settings' table `[checks]`; names and meaning: `CheckSettings`."""

    values: dict[str, Any]

    def load(self) -> CheckSettings:
        """The thresholds, checked."""
        return CheckSettings(**self.values)
