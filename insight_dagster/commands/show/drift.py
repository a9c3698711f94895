"""`insight drift` and `insight baseline list`: what changed since the baseline, and baselines."""

from __future__ import annotations

from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.gate import failed_checks, require_passing
from insight_dagster.commands.home import warn_random
from insight_dagster.commands.known_values import check_class
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.pipeline.home import has_random_predictions, open_database
from insight_dagster.settings import Settings
from insight_dagster.tables.operations import ALL_CLASSES
from insight_dagster.tables.status import DriftPart, FailOn

_BASELINES = """
    SELECT baseline_id, reason, clips, accuracy, author, accepted, mean_loss, calibration_error,
           model_fingerprint
    FROM baselines ORDER BY sequence DESC"""
_PARTS = (DriftPart.TOTAL, DriftPart.MODEL_CHANGE, DriftPart.POPULATION_CHANGE)
_LISTED_PARTS = ", ".join(f"'{part}'" for part in _PARTS)
_PERFORMANCE = f"""
    SELECT class_name, part, metric, clips_then, clips_now, value_then, value_now,
           effect, reason, ci_low, ci_high, p_value
    FROM drift WHERE part IN ({_LISTED_PARTS})
      AND metric NOT IN ('accuracy_by_model_change', 'new_clips') AND clips_now > 0
    ORDER BY class_name, list_position([{_LISTED_PARTS}], part)"""  # noqa: S608
_DATA = f"""
    SELECT class_name, metric, direction, clips_then, clips_now, value_then, value_now,
           effect, psi, adjusted_p
    FROM drift WHERE part = '{DriftPart.METADATA}' AND judged AND adjusted_p <= 0.05
    ORDER BY class_name, effect DESC"""  # noqa: S608
DRIFT_CHECKS = ("performance_drift", "data_drift", "performance_drift_overall")
_CHECKS = f"""
    SELECT class_name, check_name, passed, description, severity FROM check_results
    WHERE check_name IN {DRIFT_CHECKS} ORDER BY ALL"""  # noqa: S608


def show_baselines(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print all promoted baselines, the one in use first."""
    rows = open_database(settings).read(_BASELINES).to_pylist()
    if as_json:
        print_json("baseline list", baselines=rows)
        return
    empty = "No baseline yet; `insight baseline promote` makes one."
    shown = [{k: v for k, v in row.items() if k != "model_fingerprint"} for row in rows]
    print_rows(console, shown, title="Baselines, the one in use first", empty=empty)


def show_drift(
    settings: Settings,
    *,
    class_name: str | None,
    fail_on: FailOn,
    as_json: bool,
    console: Console,
) -> None:
    """Print what changed since the baseline: drift checks, performance by cause, metadata.

    Args:
        settings: of the home.
        class_name: the class to show, with the checks of all classes together; None for all.
        fail_on: severity of the checks shown that are an error.
        as_json: print JSON instead of tables.
        console: to print to.

    Raises:
        UnknownClassError: the tables do not have the class.
        NotPassedError: a check that is shown failed, and `fail_on` names its severity.
    """
    with open_database(settings).snapshot() as store:
        check_class(store, class_name)
        queries = {"checks": _CHECKS, "performance": _PERFORMANCE, "metadata": _DATA}
        found = {
            name: [row for row in store.read(sql).to_pylist() if _is_of(row, class_name)]
            for name, sql in queries.items()
        }
        random, failed = has_random_predictions(store), failed_checks(store)
    if as_json:
        print_json("drift", **found)
    else:
        _print_drift(found, random, console)
    classes = None if class_name is None else (class_name,)
    require_passing(failed, fail_on, classes=classes, checks=DRIFT_CHECKS)


def _print_drift(found: dict[str, list[dict[str, Any]]], random: bool, console: Console) -> None:
    warn_random(random, console)
    empty = "No baseline to compare with; `insight baseline promote` makes one."
    print_rows(console, found["checks"], title="Checks", empty=empty)
    print_rows(console, found["performance"], title="Performance", empty=empty)
    none = "No metadata field of the new clips differs from the baseline (adjusted p <= 0.05)."
    print_rows(console, found["metadata"], title="Metadata of new clips", empty=none)


def _is_of(row: dict[str, Any], class_name: str | None) -> bool:
    """Return whether a row is of a class or, as a check, of all classes together."""
    return class_name is None or row["class_name"] in (class_name, ALL_CLASSES)
