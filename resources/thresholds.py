"""The thresholds of the asset checks as a Dagster resource, so that the UI shows them."""

from typing import Any

import dagster as dg

from insight_dagster.settings.thresholds import Thresholds


class ThresholdsResource(dg.ConfigurableResource):
    """The table `[checks]` of the settings, with the names of `Thresholds`."""

    values: dict[str, Any]

    def load(self) -> Thresholds:
        """Return the validated thresholds."""
        return Thresholds(**self.values)
