"""Digests of a home's contents, to compare behaviour before and after a change of the code.

`python -m benchmarks.behaviour_digest record FILE --seed 0 --clips-per-class 80` materializes the
demo in a temporary home and writes one digest for every column of every table and for every part of
the report. `python -m benchmarks.behaviour_digest compare BEFORE AFTER` lists what differs.

Numbers are rounded to 9 decimals. Times, run ids and absolute paths are left out.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

DECIMALS = 9
LEFT_OUT = frozenset({"run_id", "modified_ns", "digest", "at", "name"})
"""Columns, and keys of the report, that differ between two runs of the same code."""

_TAKE = re.compile(r"insightReport\.take\((\"(?:[^\"\\]|\\.)*\"),(.*)\);\n\Z", re.DOTALL)
_RUN_FOLDER = re.compile(r"\d{14}-[0-9A-Za-z]+/")


def main() -> int:
    """Record a digest, or compare two; return 1 if they differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="materialize the demo and write its digest")
    record.add_argument("file", type=Path)
    record.add_argument("--seed", type=int, default=0)
    record.add_argument("--clips-per-class", type=int, default=80)
    compare = commands.add_parser("compare", help="list what differs between two digests")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "compare":
        return _compare(_read(arguments.before), _read(arguments.after))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        _run_demo(home, seed=arguments.seed, clips_per_class=arguments.clips_per_class)
        digests = dict(digest_home(home))
    arguments.file.write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n")
    return 0


def digest_home(home: Path) -> Iterator[tuple[str, str]]:
    """Yield a name and a digest for every table column and report part of a home."""
    with duckdb.connect(str(home / "insight.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("SHOW TABLES").fetchall():
            yield from _digest_table(connection, table, home)
    (run,) = (home / "report" / "runs").iterdir()
    for file in sorted(run.rglob("*.js")):
        found = _TAKE.fullmatch(file.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{file} is not a data script of the report")
        part = str(file.relative_to(run).with_suffix(""))
        yield f"report/{part}", _digest(_plain(json.loads(found[2]), home))


def _run_demo(home: Path, *, seed: int, clips_per_class: int) -> None:
    insight = Path(sys.executable).with_name("insight")
    options = ["--home", str(home), "--seed", str(seed), "--clips-per-class", str(clips_per_class)]
    subprocess.run([str(insight), "demo", *options], check=True)  # noqa: S603 - our own program


def _digest_table(
    connection: duckdb.DuckDBPyConnection, table: str, home: Path
) -> Iterator[tuple[str, str]]:
    rows = connection.execute(f'SELECT * FROM "{table}"').to_arrow_table().to_pylist()  # noqa: S608
    plain = [_plain(row, home) for row in rows]
    plain.sort(key=lambda row: json.dumps(row, sort_keys=True))
    yield f"{table}: rows", str(len(plain))
    for column in sorted({name for row in plain for name in row}):
        yield f"{table}.{column}", _digest([row[column] for row in plain])


def _plain(value: Any, home: Path) -> Any:
    """Return a value as plain JSON, without times, run ids and paths that differ between runs."""
    if isinstance(value, Mapping):
        kept = {str(key): _plain(each, home) for key, each in value.items() if key not in LEFT_OUT}
        return {key: each for key, each in kept.items() if each is not _TIME}
    if isinstance(value, list | tuple):
        return [_plain(each, home) for each in value]
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0 if math.isfinite(value) else str(value)
    if isinstance(value, datetime.datetime):
        return _TIME
    if isinstance(value, str):
        text = value.replace(str(home), "HOME")
        return _TIME if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text) else text
    return value


_TIME = object()


def _digest(value: Any) -> str:
    text = _RUN_FOLDER.sub("RUN/", json.dumps(value, sort_keys=True, default=str))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _read(file: Path) -> dict[str, str]:
    digests: dict[str, str] = json.loads(file.read_text())
    return digests


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    differing = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    for name in differing:
        print(f"{name}: {before.get(name, 'absent')} -> {after.get(name, 'absent')}")
    print(f"{len(differing)} of {len({*before, *after})} digests differ")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
