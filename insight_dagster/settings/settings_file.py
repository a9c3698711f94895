"""The settings file: a TOML file in the home folder, with the name of a setting as key.

Reading and writing the file belong here; which settings there are is in `settings`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from insight_dagster.errors import SettingsError


def settings_file_source(
    settings_class: type[BaseSettings], path: Path
) -> TomlConfigSettingsSource:
    """Return the values of a settings file as a source for `settings_class`.

    Args:
        settings_class: declares the settings.
        path: the file; a missing file has no values.

    Raises:
        SettingsError: the file is not TOML, or it names a setting that does not exist.
    """
    try:
        source = TomlConfigSettingsSource(settings_class, path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{path} is not valid TOML ({problem}); correct or remove it"
        ) from problem
    except OSError as problem:
        raise SettingsError(f"{path} cannot be read ({problem.strerror})") from problem
    unknown = sorted(set(source()) - set(settings_class.model_fields))
    if unknown:
        raise SettingsError(
            f"{path} names unknown settings {unknown}; `insight doctor` lists the known ones"
        )
    return source
