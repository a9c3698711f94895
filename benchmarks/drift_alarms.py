"""How often drift is reported with and without a planted fault.

`python -m benchmarks.drift_alarms [--quick] [--demo] [--json FILE]` draws nights from a pool of
clips, plants the fault of a scenario and evaluates them with the default thresholds.
Results: `docs/explanation/drift.md`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drift_nights import SCENARIOS, Night, Scenario
from benchmarks.drift_pools import Pool, demo_pool, synthetic_pool
from insight_dagster.analysis.drift import (
    Evaluation,
    Level,
    embedding_drift,
    evaluate_data,
    evaluate_performance,
    field_drift,
    performance_drift,
)
from insight_dagster.analysis.numerics.intervals import wilson
from insight_dagster.settings.thresholds import Thresholds

ALARMS = (Level.WARN, Level.ERROR)
ALL_CLASSES = -1
PARTS = ("model change", "population change")
DATA = ("metadata", "embedding")


def performance_evaluations(night: Night, *, seed: int) -> dict[int, Evaluation]:
    """Evaluate performance of the affected class, or of each class and all together."""
    thresholds = Thresholds()
    found = {}
    for name in [*_classes(night), *([] if night.affected >= 0 else [ALL_CLASSES])]:
        baseline, current = (
            night.pool.score(
                logits,
                rows if name == ALL_CLASSES else rows[night.pool.labels[rows] == name],
                by_class=name == ALL_CLASSES,
            )
            for logits, rows in (
                (night.baseline_logits, night.baseline),
                (night.current_logits, night.current),
            )
        )
        drift = performance_drift(
            baseline, current, min_clips=thresholds.drift_min_clips, seed=seed
        )
        found[name] = evaluate_performance(drift, thresholds, tests=len(night.pool.classes) + 1)
    return found


def data_evaluations(night: Night, *, seed: int) -> dict[int, Evaluation]:
    """Evaluate the data of the classes looked at."""
    found, pool = {}, night.pool
    new, still = (
        np.setdiff1d(night.current, night.baseline),
        np.intersect1d(night.current, night.baseline),
    )
    for name in _classes(night):
        baseline, left, current = (
            rows[pool.labels[rows] == name] for rows in (night.baseline, still, new)
        )
        fields = field_drift(
            pool.metadata[baseline],
            pool.metadata[current],
            pool.fields,
            splits=(pool.splits[baseline], pool.splits[current]),
            seed=seed,
        )
        cloud = embedding_drift(
            pool.vectors[left],
            pool.vectors[current],
            splits=(pool.splits[left], pool.splits[current]),
            seed=seed,
        )
        found[name] = evaluate_data(fields, cloud, Thresholds(), tests=len(pool.classes))
    return found


def _classes(night: Night) -> list[int]:
    return [night.affected] if night.affected >= 0 else night.pool.classes.tolist()


def evaluate_night(
    night: Night, scenario: Scenario, *, seed: int
) -> tuple[dict[str, bool], list[bool]]:
    """Return what was reported of a night: any alarm, by check, by cause; and each check's alarm.

    Too few clips to test are no alarm.
    """
    evaluations = {
        "performance": performance_evaluations(night, seed=seed) if scenario.performance else {},
        "data": data_evaluations(night, seed=seed) if scenario.data else {},
    }
    alarms = {
        check: [each.level in ALARMS for each in found.values()]
        for check, found in evaluations.items()
    }
    reported = {check: any(found) for check, found in alarms.items()}
    causes = [
        cause for found in evaluations.values() for each in found.values() for cause in each.causes
    ]
    for source in (*PARTS, *DATA):
        reported[source] = any(cause.startswith(source) for cause in causes)
    reported = {"alarm": reported["performance"] or reported["data"], **reported}
    return reported, [*alarms["performance"], *alarms["data"]]


def run(scenario: Scenario, pool: Pool, *, nights: int, seed: int) -> dict[str, Any]:
    """Return the share of nights in which each thing was reported, with 95 % Wilson intervals.

    `checks` is the share of the checks of all nights that alarm.
    """
    start = time.perf_counter()
    reported, checks = [], []
    for night in range(nights):
        rng = np.random.default_rng([seed, night, 17])
        found, alarms = evaluate_night(scenario.draw(pool, rng), scenario, seed=night)
        reported.append(found)
        checks += alarms
    result: dict[str, Any] = {"title": scenario.title, "nights": nights}
    for what in reported[0]:
        result[what] = _share([each[what] for each in reported])
    result["checks"] = _share(checks)
    result["seconds"] = time.perf_counter() - start
    return result


def _share(found: Sequence[bool]) -> list[float]:
    share = wilson(sum(found), len(found))
    return [share.estimate, share.low, share.high]


def table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return a line per scenario: nights with an alarm, checks with one, nights with each cause."""
    lines = []
    for pool, scenarios in results.items():
        columns = ("alarm [95 %]", "checks", *PARTS, *DATA)
        lines.append(f"{pool:36s} {'nights':>6s}  " + "  ".join(f"{c:>18s}" for c in columns))
        for each in scenarios.values():
            cells = ["{:.3f} [{:.3f},{:.3f}]".format(*each["alarm"])]
            cells += [f"{each[what][0]:.3f}" for what in ("checks", *PARTS, *DATA)]
            row = "  ".join(f"{cell:>18s}" for cell in cells)
            lines.append(f"{each['title']:36s} {each['nights']:6d}  {row}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw nights of every scenario from every pool and print how often drift was reported."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift_alarms", description=__doc__)
    parser.add_argument("--nights", type=int, default=200, help="nights a scenario")
    parser.add_argument("--quick", action="store_true", help="40 nights a scenario")
    parser.add_argument("--demo", action="store_true", help="the demo libraries 0-4 too")
    parser.add_argument("--only", choices=list(SCENARIOS), nargs="*", default=list(SCENARIOS))
    parser.add_argument("--seed", type=int, default=0, help="of the pool and the nights")
    parser.add_argument("--json", type=Path, help="write all shares to this file")
    options = parser.parse_args(arguments)
    nights = 40 if options.quick else options.nights
    pools = {"synthetic": synthetic_pool(options.seed)}
    if options.demo:
        pools["demo"] = demo_pool()
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for name, pool in pools.items():
        results[name] = {}
        for key in options.only:
            results[name][key] = run(SCENARIOS[key], pool, nights=nights, seed=options.seed)
            seconds = results[name][key]["seconds"]
            print(f"{name}: {SCENARIOS[key].title}: {seconds:.0f} s", flush=True)
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
