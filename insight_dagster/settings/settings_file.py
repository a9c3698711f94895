"""The settings file: a TOML file in the home folder, with the name of a setting as key.

Reading and writing the file belong here; which settings there are is in `settings`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from insight_dagster.errors import SettingsError

_HEADER = "Settings of this home. Environment variables INSIGHT_<NAME> and flags override them."


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
    refuse_unknown_names(source(), settings_class, where=str(path))
    return source


def refuse_unknown_names(
    names: Iterable[str], settings_class: type[BaseModel], *, where: str, prefix: str = ""
) -> None:
    """Make sure that settings exist.

    Args:
        names: of settings, as they were given.
        settings_class: declares the settings.
        where: what names them, for the message.
        prefix: of the names, as they are shown.

    Raises:
        SettingsError: a setting does not exist; the message has the nearest one that does.
    """
    known = settings_class.model_fields
    for name in sorted(set(names) - set(known)):
        nearest = get_close_matches(name, known, n=1)
        shown = prefix + (name.upper() if prefix else name)
        meant = prefix + (nearest[0].upper() if prefix else nearest[0]) if nearest else ""
        raise SettingsError(
            f"{where} names the unknown setting {shown}; "
            f"{f'did you mean {meant}? ' if meant else ''}`insight doctor` lists the known ones"
        )


def settings_text(settings: BaseModel, *, keep: Collection[str], leave_out: Collection[str]) -> str:
    """Return the text of a settings file: some settings as values, the others as comments.

    Args:
        settings: the values to keep.
        keep: names of the settings to write as values.
        leave_out: names of the settings that are not mentioned.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    sections = []
    for name, info in type(settings).model_fields.items():
        if isinstance(getattr(settings, name), BaseModel):
            sections.append(name)
        elif name not in leave_out:
            _explain(document, info)
            if name in keep:
                document.add(name, _item(getattr(settings, name)))
            else:
                _add_default(document, name, info)
    for name in sections:
        _explain(document, type(settings).model_fields[name])
        document.add(name, _commented_table(type(getattr(settings, name))))
    return document.as_string()


def _commented_table(section: type[BaseModel]) -> Any:
    table = tomlkit.table()
    for name, info in section.model_fields.items():
        _explain(table, info)
        _add_default(table, name, info)
    return table


def _explain(container: Any, info: FieldInfo) -> None:
    container.add(tomlkit.nl())
    container.add(tomlkit.comment(str(info.description)))


def _add_default(container: Any, name: str, info: FieldInfo) -> None:
    default = _item(info.get_default(call_default_factory=True))
    container.add(tomlkit.comment(f"{name} = {default.as_string()}"))


def _item(value: object) -> Any:
    """Return a value as TOML has it; an empty string for None, which TOML does not know."""
    plain = "" if value is None else to_jsonable_python(value)
    return tomlkit.inline_table() if plain == {} else tomlkit.item(plain)
