"""Resources whose configuration is a section of the settings.

The fields, defaults and descriptions are declared once, in `insight_dagster.settings`; the
launchpad shows them and a run may override each. What a resource does with them is in its own
module.
"""

from typing import Any, TypeVar

import dagster as dg
from pydantic import BaseModel, Field, create_model
from pydantic_core import to_jsonable_python

Section = TypeVar("Section", bound=BaseModel)

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[str],
    "object": dict[str, Any],
}
"""Type that Dagster can configure by the type that the section's JSON schema names."""


def configurable(section: type[BaseModel]) -> Any:
    """Return a base class for a resource with the section's fields."""
    schema = section.model_json_schema()
    fields: dict[str, Any] = {
        name: (_type(entry), _field(section, name)) for name, entry in schema["properties"].items()
    }
    return create_model(f"{section.__name__}Fields", __base__=dg.ConfigurableResource, **fields)


def section_of(resource: dg.ConfigurableResource, section: type[Section]) -> Section:
    """Return the validated section that a resource was configured with."""
    return section.model_validate({name: getattr(resource, name) for name in section.model_fields})


def _type(entry: dict[str, Any]) -> Any:
    names = [each["type"] for each in entry.get("anyOf", [entry])]
    return _TYPES[names[0]] | None if "null" in names else _TYPES[names[0]]


def _field(section: type[BaseModel], name: str) -> Any:
    info = section.model_fields[name]
    if info.is_required():
        return Field(description=info.description)
    default = to_jsonable_python(info.get_default(call_default_factory=True))
    return Field(default, description=info.description)
