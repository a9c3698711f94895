"""The soak with few nights: all of them pass, and the tables equal those of a fresh home."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nights_with_trouble_leave_what_a_fresh_home_has(tmp_path):
    found = tmp_path / "soak.json"
    words = ["--nights", "2", "--clips-per-class", "8", "--seed", "3"]
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *words, "--folder", tmp_path / "soak"]
        + ["--json", found],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(found.read_text())
    assert [night["outcome"] for night in document["nights"]] == ["passed"] * 3
    assert any(night["trouble"] for night in document["nights"])
    assert document["problems"] == []
