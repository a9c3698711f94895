"""The worked examples of CONTRIBUTING can be followed: they fit the code, and their tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
_STEP = re.compile(
    r"(?P<how>In|New file|At the end of)\s+`(?P<path>[^`]+)`[^`]*?\n\n"
    r"```(?:diff|python)\n(?P<text>.*?)```",
    re.DOTALL,
)
EXAMPLES = ("1. A metadata field", "2. A kind of insight", "3. An asset with a check",
            "4. A column, a model setting, a threshold")  # fmt: skip
_COPIED = (
    "assets",
    "resources",
    "insight_dagster",
    "tests",
    "docs",
    "benchmarks",
    "pyproject.toml",
)
_FULL_RUNS = "tests/assets"


@dataclass(frozen=True)
class Step:
    """One change of an example: how, in which file, and the text of its block."""

    how: str
    path: str
    text: str

    def follow(self, root: Path) -> None:
        """Change the file as the example says."""
        file = root / self.path
        if self.how == "New file":
            assert not file.exists(), f"{self.path} exists already"
            file.write_text(self.text, encoding="utf-8")
        elif self.how == "At the end of":
            before = file.read_text(encoding="utf-8").rstrip("\n")
            file.write_text(f"{before}\n\n\n{self.text}", encoding="utf-8")
        else:
            file.write_text(self._changed(file.read_text(encoding="utf-8")), encoding="utf-8")

    def new_tests(self) -> list[str]:
        """Return the tests that the step adds, as pytest names them."""
        if not self.path.startswith("tests/") or self.path.startswith(_FULL_RUNS):
            return []
        names = re.findall(r"^def (test_\w+)", self.text, re.MULTILINE)
        return [f"{self.path}::{name}" for name in names]

    def _changed(self, source: str) -> str:
        for place in re.split(r"^@@\n", self.text, flags=re.MULTILINE):
            lines = place.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if not line.startswith("+"))
            new = "".join(line[1:] for line in lines if not line.startswith("-"))
            assert source.count(old) == 1, f"{self.path} has {source.count(old)} times:\n{old}"
            source = source.replace(old, new)
        return source


def steps() -> Iterator[tuple[str, list[Step]]]:
    """Yield every example's title and steps."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for section in text.split("\n### ")[1:]:
        yield (
            section.splitlines()[0],
            [Step(**found.groupdict()) for found in _STEP.finditer(section)],
        )


def test_there_are_four_examples() -> None:
    assert tuple(title for title, _ in steps()) == EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_fits_the_code_and_its_tests_pass(title: str, tmp_path: Path) -> None:
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        else:
            shutil.copyfile(source, tmp_path / name)
    followed = dict(steps())[title]
    for step in followed:
        step.follow(tmp_path)
    tests = [test for step in followed for test in step.new_tests()]
    assert tests
    for command in (
        ["ruff", "check", "--quiet", "."],
        ["ruff", "format", "--check", "--quiet", "."],
        ["pytest", "-q", "-p", "no:cacheprovider", *tests],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
