"""The page of assets, jobs, schedules and sensors, from the definitions of the code location."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg

from docs.generate.markdown import code, escaped, page, table
from insight_dagster.definitions import build_definitions
from insight_dagster.settings import load_settings


def default_definitions() -> dg.Definitions:
    """Return the definitions of a home with default settings."""
    with TemporaryDirectory() as home:
        return build_definitions(load_settings(home=Path(home)))


def code_location_page() -> str:
    """Return the reference page of everything in the code location but the checks."""
    introduction = (
        "What the Dagster UI shows with default settings. [How it runs](../how-to/operations.md) "
        "says how these work together; checks have [a page of their own](checks.md)."
    )
    definitions = default_definitions()
    return page(
        "Assets and jobs",
        introduction,
        "## Assets\n\n" + _assets(definitions),
        "## Jobs\n\n" + _described(definitions.jobs or ()),
        "## Schedules and sensors\n\n"
        + _described([*(definitions.schedules or ()), *(definitions.sensors or ())]),
    )


def _assets(definitions: dg.Definitions) -> str:
    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    keys = definitions.resolve_asset_graph().toposorted_asset_keys
    return table(
        ["asset", "partition", "depends on", "what it is"], (_asset(specs[k]) for k in keys)
    )


def _asset(spec: dg.AssetSpec) -> list[str]:
    return [
        code(spec.key.to_user_string()),
        "class" if spec.partitions_def else "",
        ", ".join(code(each.asset_key.to_user_string()) for each in spec.deps),
        escaped(spec.description or ""),
    ]


def _described(entries: Iterable[Any]) -> str:
    rows = ([code(each.name), escaped(each.description or "")] for each in entries)
    return table(["name", "what it does"], rows)
