"""The page of settings: names, types, defaults and variables, from the pydantic models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs.generate.markdown import code, escaped, page, table
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.settings import Settings

_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "pattern": "matches {}",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def settings_page() -> str:
    """Return the reference page of all settings."""
    settings_file = HomeFolders(Path()).settings_file.name
    introduction = (
        f"Settings of a home folder. They are read from `{settings_file}` in it, from environment "
        "variables and from command-line options; each overrides the one before. `insight doctor` "
        "lists them with the values in force. Tables of the file, such as `[checks]`, have a "
        "section of their own below."
    )
    schema = Settings.model_json_schema()
    prefix = str(Settings.model_config["env_prefix"])
    sections = [_section("", Settings, schema, prefix), *_nested(Settings, schema, prefix)]
    return page("Settings", introduction, *sections)


def _section(title: str, model: type[BaseModel], schema: Mapping[str, Any], prefix: str) -> str:
    header = ["setting and variable" if prefix else "setting", "type", "default", "meaning"]
    rows = []
    for name, field in model.model_fields.items():
        variable = f"<br>{code(f'{prefix}{name}'.upper())}" if prefix else ""
        kind = _type_text(schema["properties"][name])
        meaning = escaped(field.description or "")
        rows.append([f"{code(name)}{variable}", kind, _default_text(model, name), meaning])
    heading = f"## {title}\n\n" if title else ""
    return f"{heading}{_introduction(schema) if title else ''}{table(header, rows)}"


def _nested(model: type[BaseModel], schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yield a section for each setting that is a table of settings, or holds named tables."""
    delimiter = str(model.model_config.get("env_nested_delimiter"))
    for name, value in schema["properties"].items():
        named = "$ref" not in value
        reference = value.get("$ref") or value.get("additionalProperties", {}).get("$ref")
        reference = reference or next(iter(_named_references(value)), None)
        if reference is None:
            continue
        definition = reference.rsplit("/", 1)[-1]
        title = f"{name}.NAME" if named else name
        inner = "" if named else f"{prefix}{name}{delimiter}"
        yield _section(title, nested_models(model)[definition], schema["$defs"][definition], inner)


def _named_references(value: Mapping[str, Any]) -> Iterator[str]:
    for entry in value.get("patternProperties", {}).values():
        if "$ref" in entry:
            yield entry["$ref"]


def nested_models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the models that a model's fields are made of, by name."""
    found: dict[str, type[BaseModel]] = {}
    for field in model.model_fields.values():
        for part in [field.annotation, *getattr(field.annotation, "__args__", ())]:
            if isinstance(part, type) and issubclass(part, BaseModel):
                found[part.__name__] = part
    return found


def _introduction(schema: Mapping[str, Any]) -> str:
    return (
        f"{escaped(schema['description'].splitlines()[0])}\n\n" if "description" in schema else ""
    )


def _type_text(schema: Mapping[str, Any]) -> str:
    """Return a JSON schema's type in words."""
    if "$ref" in schema or schema.get("type") == "object":
        return "table"
    if "anyOf" in schema:
        options = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(map(_type_text, options))
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type_text(schema['items'])}"
    if schema.get("format") == "path":
        return "path"
    bounds = [text.format(code(schema[key])) for key, text in _BOUNDS.items() if key in schema]
    return ", ".join([_TYPES[schema["type"]], *bounds])


def _default_text(model: type[BaseModel], name: str) -> str:
    default = model.model_fields[name].default
    if default is PydanticUndefined:
        return "" if model.model_fields[name].default_factory else "required"
    if default is None or default == ():
        return ""
    return code(json.dumps(default, default=str))
