"""The page of checks: every asset check of the code location, from its definitions."""

from __future__ import annotations

import dagster as dg

from docs.generate.code_location import default_definitions
from docs.generate.markdown import code, escaped, page, table


def checks_page() -> str:
    """Return the reference page of all asset checks."""
    introduction = (
        "Each check has a result for every action class, unless it says *all classes*. A failing "
        "check of severity ERROR fails the run, the `verdict` of the class, and a promotion that "
        "does not accept it by name. Thresholds and severities are settings: "
        "[the table `checks`](settings.md#checks)."
    )
    header = ["asset", "check", "what is checked", "one result for", "blocks downstream"]
    return page("Checks", introduction, table(header, map(_row, check_specs())))


def check_specs() -> list[dg.AssetCheckSpec]:
    """Return the specs of every check of the code location, in the order of its definitions."""
    found = default_definitions().asset_checks or []
    return [spec for checks in found for spec in checks.check_specs]  # type: ignore[union-attr]


def _row(spec: dg.AssetCheckSpec) -> list[str]:
    return [
        code(spec.asset_key.to_user_string()),
        code(spec.name),
        escaped(spec.description or ""),
        "each class" if spec.partitions_def else "all classes",
        "yes" if spec.blocking else "",
    ]
