"""The analysis options as a Dagster resource."""

from insight_dagster.resources.settings_fields import configurable, section_of
from insight_dagster.settings.analysis_options import AnalysisOptions


class OptionsResource(configurable(AnalysisOptions)):  # type: ignore[misc]
    """The fields of `AnalysisOptions`, in types that Dagster can configure."""

    def load(self) -> AnalysisOptions:
        """Return the validated options."""
        return section_of(self, AnalysisOptions)
