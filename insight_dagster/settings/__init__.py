"""Every setting of a home folder: its name, type, default and meaning, validated once.

What a setting does is in the module that uses it.
"""

from insight_dagster.settings.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
