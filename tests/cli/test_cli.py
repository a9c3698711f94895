"""The command line as a user meets it: help, tables, JSON, and one clear line per mistake."""

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from insight_dagster.cli import analysis, app, monitoring, safekeeping
from insight_dagster.settings import Settings, load_settings
from tests.support.command_line import error_line, insight, insight_process

COMMANDS = (
    "demo", "demo-library", "init", "run", "status", "insights", "drift", "pin", "unpin", "pins",
    "clip", "report", "doctor", "serve", "baseline promote", "baseline list", "classes list",
    "classes remove", "actions", "populations", "power", "export",
)  # fmt: skip


def test_commands_that_write_end_at_one_signal():
    """They run in a thread, so that the main thread can wait for a transaction and clean up."""
    modules = (analysis, monitoring, safekeeping)
    callbacks = [each.callback for module in modules for each in module.app.registered_commands]
    assert len(callbacks) > 15
    assert {each.__name__ for each in callbacks if not hasattr(each, "__wrapped__")} == {
        "init", "status", "insights", "populations", "clip", "drift", "pins",
        "report", "restore", "serve",  # these begin and end it themselves
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    for parameter in _parameters(command):
        assert parameter.help, f"{command} {parameter.name}"


def _parameters(command: str):
    import typer

    found = typer.main.get_command(app)
    for name in command.split():
        found = found.commands[name]
    return [parameter for parameter in found.params if parameter.name != "help"]


def test_a_missing_library_is_named(tmp_path):
    line = error_line(insight("run", "--home", str(tmp_path), "--library", str(tmp_path / "none")))
    assert "none" in line


def test_an_empty_library_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    line = error_line(insight("run", "--home", str(tmp_path), "--library", str(tmp_path / "empty")))
    assert "empty" in line


def test_a_library_of_broken_files_says_so(tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / "library" / name
        folder.mkdir(parents=True)
        (folder / "clip.mp4").write_text("not a video")
    line = error_line(
        insight_process("run", "--home", str(tmp_path), "--variant", "xs", "--weights", "random")
    )
    assert "at least 8 usable clips" in line


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    home = tmp_path / "file" / "home"
    line = error_line(insight("demo", "--home", str(home), "--clips-per-class", "2"))
    assert "cannot be written" in line


def test_an_empty_home_says_what_to_run(tmp_path):
    for command in (["status"], ["insights"], ["clip", "abc"], ["report"]):
        line = error_line(insight(*command, "--home", str(tmp_path / "fresh")))
        assert "insight run" in line


def test_a_wrong_setting_is_named(tmp_path):
    line = error_line(insight("status", "--home", str(tmp_path), INSIGHT_BATCH_SIZE="many"), 2)
    assert "batch_size" in line


def test_unreachable_weights_say_where_to_put_them(tmp_path, small_library):
    line = error_line(
        insight("run", "--home", str(tmp_path), "--library", str(small_library), "--variant", "m")
    )
    assert "X3D_M.pyth" in line
    assert str(tmp_path / "weights") in line


def test_an_unknown_class_is_named(tmp_path, small_library):
    line = error_line(
        insight("run", "skiing", "--home", str(tmp_path), "--library", str(small_library)), 2
    )
    assert "skiing" in line and "snowboarding" in line


def run_json(*arguments: str):
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    return document


def test_status_counts_rows_and_lists_the_quarantine(finished_home):
    shown = run_json("status", "--fail-on", "never", "--home", str(finished_home.home))
    by_class = {row["class_name"]: row for row in shown["classes"]}
    assert len(by_class) == 5
    for row in by_class.values():
        assert row["clips"] >= row["embedded"] == row["projected"] > 0
        assert row["passes"] == (row["class_name"] != "playing basketball")
    failing = {row["check_name"] for row in shown["failed_checks"] if row["severity"] == "ERROR"}
    assert failing == {"unreadable_share", "quarantined_share"}
    assert all(row["problem"] for row in shown["quarantined_clips"])


def test_a_class_that_does_not_pass_fails_the_command(finished_home):
    home = str(finished_home.home)
    for command in ("status", "report"):
        line = error_line(insight(command, "--home", home), 3)
        assert "unreadable_share of 'playing basketball' (ERROR)" in line
    assert insight("status", "--home", home, "--fail-on", "never").returncode == 0
    assert insight("drift", "--home", home, "--fail-on", "warn").returncode == 0
    assert "'sometimes'" in error_line(insight("status", "--fail-on", "sometimes"), 2)


def test_without_a_baseline_nothing_is_compared_and_nothing_fails(finished_home):
    shown = run_json("status", "--fail-on", "never", "--home", str(finished_home.home))
    noted = {row["check_name"]: row for row in shown["not_compared"]}
    assert set(noted) == {"performance_drift", "data_drift", "performance_drift_overall"}
    assert noted["data_drift"]["classes"] == 5
    assert "no baseline has been promoted yet" in noted["data_drift"]["description"]
    failed = {row["check_name"] for row in shown["failed_checks"]}
    assert not failed & set(noted)


def test_a_clip_is_found_by_the_start_of_its_id(finished_home):
    from insight_dagster.database import Database

    store = Database(finished_home.folders.database)
    clip_id = store.read("SELECT min(clip_id) AS c FROM predictions")["c"][0].as_py()
    shown = run_json("clip", clip_id[:12], "--home", str(finished_home.home))
    assert shown["clip_manifest"]["clip_id"] == clip_id
    assert shown["predictions"]["predicted"]
    assert shown["metadata_table"]["ssim_mean"] <= 1
    line = error_line(insight("clip", "zz", "--home", str(finished_home.home)), 2)
    assert "'zz'" in line


def test_insights_can_be_filtered(finished_home):
    everything = run_json("insights", "--home", str(finished_home.home))["insights"]
    kinds = {row["kind"] for row in everything}
    for kind in kinds:
        chosen = run_json("insights", "--kind", kind, "--home", str(finished_home.home))
        assert chosen["insights"] == [row for row in everything if row["kind"] == kind]
    severities = [row["severity"] for row in everything]
    assert severities == sorted(severities, reverse=True)


def test_actions_are_shown_and_exported(finished_home, tmp_path):
    home = str(finished_home.home)
    first = run_json("insights", "--home", home)["insights"][0]
    shown = run_json("actions", first["insight_id"][:10], "--home", home)
    assert shown["insight"]["sentence"] == first["sentence"]
    assert [step["rank"] for step in shown["steps"]] == list(range(1, len(shown["steps"]) + 1))
    for name in ("steps.csv", "steps.parquet"):
        out = str(tmp_path / name)
        written = insight("actions", first["insight_id"], "--out", out, "--home", home)
        assert written.returncode == 0, written.stderr
        rows = duckdb.read_csv(out) if out.endswith(".csv") else duckdb.read_parquet(out)
        rows = rows.select("clip_id", "verb").fetchall()
        assert rows == [(step["clip_id"], step["verb"]) for step in shown["steps"]]
    printed = insight("actions", first["insight_id"], "--home", home).stdout
    assert shown["insight"]["advice"] in printed
    assert "No expected effect: " in printed or "Expected effect, estimated with" in printed
    assert not list(tmp_path.glob(".steps*"))
    line = error_line(insight("actions", "zz", "--home", home), 2)
    assert "'zz'" in line
    written = insight("actions", first["insight_id"], "--out", "steps.xls", "--home", home)
    line = error_line(written, 2)
    assert "must end in .csv or .parquet" in line
    nowhere = str(tmp_path / "nowhere" / "steps.csv")
    line = error_line(insight("actions", first["insight_id"], "--out", nowhere, "--home", home))
    assert "cannot be written" in line


def test_populations_are_listed_with_the_problem_of_a_wrong_one(finished_home):
    home = str(finished_home.home)
    shown = {row["name"]: row for row in run_json("populations", "--home", home)["filters"]}
    counted = sum(
        row["embedded"]
        for row in run_json("status", "--fail-on", "never", "--home", home)["classes"]
    )
    assert shown["all"]["clips"] == counted
    assert shown["misclassified_train"]["sql"] == "split = 'train' and not correct"
    asked = {"odd": {"sql": "no_such_column > 1"}, "dark": {"sql": "loss < 0"}}
    listed = insight("populations", "--home", home, "--json", INSIGHT_POPULATIONS=json.dumps(asked))
    rows = {row["name"]: row for row in json.loads(listed.stdout)["filters"]}
    assert "no_such_column" in rows["odd"]["problem"]
    assert rows["odd"]["clips"] is None
    assert (rows["dark"]["clips"], rows["dark"]["problem"]) == (0, "too few clips to look at")


def test_power_needs_more_clips_than_this_home_has(finished_home):
    line = error_line(insight("power", "--home", str(finished_home.home)))
    assert "the largest class has 8 clips; at least 20 are needed" in line


def test_the_history_of_insights_is_shown(finished_home):
    home = str(finished_home.home)
    lines = run_json("insights", "--history", "--home", home)["history"]
    assert {line["status"] for line in lines} == {"born"}
    one = run_json("insights", lines[0]["ledger_id"], "--history", "--home", home)["history"]
    assert [line["ledger_id"] for line in one] == [lines[0]["ledger_id"]]
    assert "'zz'" in error_line(insight("insights", "zz", "--history", "--home", home), 2)


def test_a_kind_without_insights_is_allowed_and_what_is_unknown_is_refused(finished_home):
    home = str(finished_home.home)
    assert run_json("insights", "--kind", "mislabeled", "--home", home)["insights"] == []
    assert "'no such'" in error_line(insight("insights", "--kind", "no such", "--home", home), 2)
    assert "'skiing'" in error_line(insight("insights", "--class", "skiing", "--home", home), 2)


@pytest.mark.slow
def test_a_run_keeps_its_library_and_model_for_later_commands(tmp_path, small_library):
    home = tmp_path / "home"
    shown = ["--library", str(small_library), "--variant", "xs", "--weights", "random"]
    result = insight_process("run", "--home", str(home), *shown, INSIGHT_MIN_CLUSTER_SIZE="4")
    assert "unreadable_share of 'playing basketball' (ERROR)" in error_line(result, 3)
    assert "RANDOM WEIGHTS" in result.stdout
    kept = load_settings(home=home)
    assert (kept.library, kept.variant, kept.weights) == (small_library, "xs", "random")
    assert "RANDOM WEIGHTS" in insight("insights", "--home", str(home)).stdout


def test_the_doctor_lists_every_setting_and_fails_for_a_broken_part(finished_home):
    home = str(finished_home.home)
    healthy = insight("doctor", "--home", home)
    assert healthy.returncode == 0, healthy.stdout
    for name in Settings.model_fields:
        assert f"INSIGHT_{name.upper()}" in healthy.stdout
    assert "openvino, float32" in healthy.stdout
    asked = {"wide": {"sql": "widht > 1000"}}
    broken = insight(
        "doctor", "--home", home, INSIGHT_DEVICE="cuda:99", INSIGHT_POPULATIONS=json.dumps(asked)
    )
    assert broken.returncode == 1
    assert "these checks failed: device, weights, filters" in error_line(broken)
    assert "widht" in broken.stdout


def test_a_wrong_setting_ends_serve_before_anything_is_started(tmp_path):
    ended = insight("serve", "--home", str(tmp_path), INSIGHT_NIGHTLY_CRON="often")
    assert "nightly_cron='often'" in error_line(ended, 2)


@pytest.mark.parametrize(("port", "beside"), [("65535", None), ("3000", "3000")])
def test_the_report_needs_a_port_of_its_own(tmp_path, port, beside):
    options = ["--port", port, *(["--report-port", beside] if beside else [])]
    ended = insight("serve", "--home", str(tmp_path), *options)
    assert "--report-port" in error_line(ended, 2)


@pytest.mark.slow
def test_the_demo_scores_what_was_planted(tmp_path):
    result = insight_process(
        "demo", "--home", str(tmp_path), "--clips-per-class", "6", INSIGHT_MIN_CLUSTER_SIZE="4"
    )
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / "demo_summary.json").read_text())
    assert set(summary) == {"accuracy", "faults", "insights"}
    for fault in summary["faults"].values():
        assert {"planted", "found", "precision", "recall", "insight_ids"} <= set(fault)
    corrupt = summary["faults"]["corrupt"]
    assert corrupt["planted"] == corrupt["found"] > 0
    assert str(tmp_path / "report" / "index.html") in result.stdout
    other = error_line(insight_process("demo", "--home", str(tmp_path), "--seed", "1"))
    assert str(tmp_path / "library") in other


def test_the_report_can_be_rewritten(home_copy):
    page = home_copy.folders.report / "index.html"
    page.unlink()
    result = CliRunner().invoke(
        app, ["report", "--fail-on", "never", "--home", str(home_copy.home)]
    )
    assert result.exit_code == 0, result.output
    assert Path(result.stdout.strip()) == page and "app-" in page.read_text()


def test_the_demo_library_command_refuses_a_folder_with_other_things(tmp_path):
    (tmp_path / "photo.jpg").write_text("mine")
    line = error_line(insight("demo-library", str(tmp_path), "--clips-per-class", "2"))
    assert str(tmp_path) in line
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
