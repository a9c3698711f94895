"""SQL conditions of users, evaluated where they reach the clips' columns and nothing else.

Call `matching` with a `sandbox`. The settings that hold the conditions (`settings.filter_settings`)
and what they are used for (populations, contrasts) do not belong here.
"""

from insight_dagster.analysis.sql_filters.sandbox import Sandbox, matching, sandbox

__all__ = ["Sandbox", "matching", "sandbox"]
