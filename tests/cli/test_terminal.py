"""What the terminal gets: hostile names escaped, documents of one form, little imported."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from insight_dagster.cli import app
from insight_dagster.files.visible_text import visible
from tests.support.hostile_home import CLASS, FILE, hostile_home

READING = (
    ["status", "--fail-on", "never"],
    ["insights"],
    ["insights", "--history"],
    ["drift", "--fail-on", "never"],
    ["actions", "d"],
    ["clip", "a"],
    ["clip", FILE],
    ["populations"],
    ["pins"],
    ["baseline", "list"],
    ["classes", "list"],
)
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "json.md"
HEAVY = {"dagster", "torch", "matplotlib", "sklearn", "scipy", "pandas", "cv2", "av"}
OWN_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return str(hostile_home(tmp_path_factory.mktemp("hostile")))


def invoke(*arguments: str, **environment: str | None):
    return CliRunner().invoke(app, list(arguments), env=environment)


@pytest.mark.parametrize("colours", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}])
@pytest.mark.parametrize("arguments", READING, ids=lambda each: visible(" ".join(each)))
def test_names_are_printed_escaped(home, arguments, colours):
    shown = invoke(*arguments, "--home", home, **colours)
    assert shown.exit_code == 0, shown.output
    text = OWN_STYLE.sub("", shown.output) if "FORCE_COLOR" in colours else shown.output
    for line in text.split("\n"):
        assert line == visible(line)
    assert not re.search(r"^\s*error: forged", text, re.MULTILINE)


def test_markup_in_names_styles_nothing(home):
    shown = invoke("status", "--fail-on", "never", "--home", home, FORCE_COLOR="1").output
    assert "[red]" in shown and "[link=http:x]" in shown
    assert "\x1b[31m" not in shown and "\x1b]8" not in shown


@pytest.mark.parametrize("arguments", READING, ids=lambda each: visible(" ".join(each)))
def test_json_documents_have_one_form_and_their_keys_are_documented(home, arguments):
    shown = invoke(*arguments, "--json", "--home", home)
    assert shown.exit_code == 0, shown.output
    assert shown.output.isascii()
    document = json.loads(shown.output)
    words = [word for word in arguments if word in {"insights", "--history"}] or arguments
    named = " ".join(words[: 2 if arguments[0] in {"baseline", "classes", "insights"} else 1])
    assert (document["schema_version"], document["command"]) == (1, named)
    page = REFERENCE.read_text(encoding="utf-8")
    section = page.partition(f"## {named}\n")[2].partition("\n## ")[0]
    for key in set(document) - {"schema_version", "command"}:
        assert f"`{key}`" in section, key
        assert re.fullmatch("[a-z][a-z0-9_]*", key)


def test_json_keeps_the_real_names(home):
    document = json.loads(invoke("status", "--fail-on", "never", "--json", "--home", home).output)
    assert [row["path"] for row in document["quarantined_clips"]] == [FILE]
    assert [row["class_name"] for row in document["classes"]] == [CLASS]


def test_clips_of_a_file_are_listed_and_one_is_shown(home, tmp_path):
    listed = json.loads(invoke("clip", FILE, "--json", "--home", home).output)
    assert [row["window_start"] for row in listed["matches"]] == [0.0, 5.0]
    assert listed["clip_manifest"] is None
    pasted = json.loads(invoke("clip", visible(FILE), "--json", "--home", home).output)
    absolute = f"{home}/library/{FILE}"
    inside = json.loads(invoke("clip", absolute, "--json", "--home", home).output)
    assert pasted["matches"] == inside["matches"] == listed["matches"]
    one = json.loads(invoke("clip", "aa", "--json", "--home", home).output)
    assert one["clip_manifest"]["clip_id"] == "a" * 16


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "insight_dagster", *arguments],
        env=os.environ | environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["insights", "--class", f"no {FILE}"],
        ["insights", "--kind", "nosuch"],
        ["status", f"--{FILE}"],
    ],
    ids=["class", "kind", "option"],
)
def test_unknown_values_are_one_escaped_line_and_status_2(home, arguments):
    ended = program(*arguments, "--home", home)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ") and line == visible(line)


def test_an_unknown_variable_is_refused_with_the_nearest_setting(home):
    ended = program("status", "--home", home, INSIGHT_BACH_SIZE="3")
    assert ended.returncode == 2
    assert "did you mean INSIGHT_BATCH_SIZE?" in ended.stderr


def test_columns_are_followed_in_a_pipe(home):
    narrow = invoke("status", "--fail-on", "never", "--home", home, COLUMNS="80").output
    table = [line for line in narrow.splitlines() if not line.startswith("(not shown")]
    assert max(map(len, table)) <= 80
    assert "not shown at 80 columns: " in narrow
    wide = invoke("status", "--fail-on", "never", "--home", home, COLUMNS=None).output
    assert visible(FILE) in wide and "not shown" not in wide


@pytest.mark.parametrize("command", ["status", "drift", "insights", "clip", "pins"])
def test_commands_that_read_import_little(home, command):
    words = [command, *(["aa"] if command == "clip" else []), "--home", home]
    script = f"""
import sys
from insight_dagster.cli import app
app({words!r}, standalone_mode=False)
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    said = ended.stderr.strip().splitlines()[-1]
    assert said == "[]" or "NotPassedError" in said, ended.stderr
