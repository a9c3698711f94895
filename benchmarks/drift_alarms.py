"""How often drift is told when there is some, and when there is none.

`python -m benchmarks.drift_alarms [--quick] [--demo] [--json FILE]` draws nights from a pool of
clips, plants what a scenario says and asks the shipped thresholds.
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


def performance_judgements(night: Night, *, seed: int) -> dict[int, Evaluation]:
    """Verdict on every class that is asked about, and on all of them where none is affected."""
    thresholds = Thresholds()
    found = {}
    for name in [*_classes(night), *([] if night.affected >= 0 else [ALL_CLASSES])]:
        then, now = (
            night.pool.score(
                logits,
                rows if name == ALL_CLASSES else rows[night.pool.labels[rows] == name],
                by_class=name == ALL_CLASSES,
            )
            for logits, rows in ((night.logits_then, night.then), (night.logits_now, night.now))
        )
        drift = performance_drift(then, now, min_clips=thresholds.min_clips, seed=seed)
        found[name] = evaluate_performance(drift, thresholds, tests=len(night.pool.classes) + 1)
    return found


def data_judgements(night: Night, *, seed: int) -> dict[int, Evaluation]:
    """Verdict on the data of every class that is asked about."""
    found, pool = {}, night.pool
    new, still = np.setdiff1d(night.now, night.then), np.intersect1d(night.now, night.then)
    for name in _classes(night):
        then, left, now = (rows[pool.labels[rows] == name] for rows in (night.then, still, new))
        fields = field_drift(
            pool.metadata[then],
            pool.metadata[now],
            pool.fields,
            splits=(pool.splits[then], pool.splits[now]),
            seed=seed,
        )
        cloud = embedding_drift(
            pool.vectors[left],
            pool.vectors[now],
            splits=(pool.splits[left], pool.splits[now]),
            seed=seed,
        )
        found[name] = evaluate_data(fields, cloud, Thresholds(), tests=len(pool.classes))
    return found


def _classes(night: Night) -> list[int]:
    return [night.affected] if night.affected >= 0 else night.pool.classes.tolist()


def ask(night: Night, scenario: Scenario, *, seed: int) -> tuple[dict[str, bool], list[bool]]:
    """What was told of a night (an alarm at all, by which check, which causes), and each check.

    That too few clips are there to judge is no alarm.
    """
    verdicts = {
        "performance": performance_judgements(night, seed=seed) if scenario.performance else {},
        "data": data_judgements(night, seed=seed) if scenario.data else {},
    }
    alarms = {
        check: [each.level in ALARMS for each in found.values()]
        for check, found in verdicts.items()
    }
    told = {check: any(found) for check, found in alarms.items()}
    causes = [
        cause for found in verdicts.values() for each in found.values() for cause in each.causes
    ]
    for source in (*PARTS, *DATA):
        told[source] = any(cause.startswith(source) for cause in causes)
    told = {"alarm": told["performance"] or told["data"], **told}
    return told, [*alarms["performance"], *alarms["data"]]


def run(scenario: Scenario, pool: Pool, *, nights: int, seed: int) -> dict[str, Any]:
    """Share of nights in which each thing was told, with 95 % Wilson intervals, and seconds.

    `checks` is the share of the checks of all nights that alarm.
    """
    start = time.perf_counter()
    told, checks = [], []
    for night in range(nights):
        rng = np.random.default_rng([seed, night, 17])
        found, alarms = ask(scenario.draw(pool, rng), scenario, seed=night)
        told.append(found)
        checks += alarms
    result: dict[str, Any] = {"title": scenario.title, "nights": nights}
    for what in told[0]:
        result[what] = _share([each[what] for each in told])
    result["checks"] = _share(checks)
    result["seconds"] = time.perf_counter() - start
    return result


def _share(found: Sequence[bool]) -> list[float]:
    share = wilson(sum(found), len(found))
    return [share.estimate, share.low, share.high]


def table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """One line a scenario: nights with an alarm, checks that alarm, nights with each cause."""
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
    """Ask every scenario on every pool and print how often it was told."""
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
