"""The house rules that a stranger relies on: small rooms, short files, short functions, signs."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "insight_dagster"
ALIASES = {"run_launcher.py"}
"""Modules that homes made by 0.1 name; they go with 0.3."""


def is_module(path: Path) -> bool:
    if path.is_dir():
        return (path / "__init__.py").is_file()
    return path.suffix == ".py" and path.name not in {"__init__.py", "__main__.py", *ALIASES}


ROOMS = sorted({path.parent for path in (ROOT / "insight_dagster").rglob("__init__.py")})
ROOMS += sorted(
    {path.parent for name in ("assets", "resources") for path in (ROOT / name).rglob("__init__.py")}
)
MODULES = sorted({path for room in ROOMS for path in room.glob("*.py")})


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_a_room_has_at_most_sixteen_doors_and_a_sign(room):
    doors = sorted(path.name for path in room.iterdir() if is_module(path))
    assert len(doors) <= 16, doors
    sign = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    assert sign, "the room's __init__.py says what belongs here"


def test_files_and_functions_are_short():
    long = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            long.append(f"{name_of(path)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > 60:
                    long.append(f"{name_of(path)}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)
