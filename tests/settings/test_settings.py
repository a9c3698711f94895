"""Settings: which source wins, and what a wrong value says."""

import pytest

from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_outer_settings(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"INSIGHT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_put_everything_under_the_home(tmp_path):
    settings = load_settings()
    assert settings.home == tmp_path / ".insight"
    assert settings.library_folder == settings.home / "library"
    assert settings.folders.database == settings.home / "insight.duckdb"


def test_flag_beats_environment_beats_file_beats_default(tmp_path, monkeypatch):
    (tmp_path / "insight.toml").write_text("seed = 1\nworkers = 3\nfdr = 0.2\n")
    monkeypatch.setenv("INSIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("INSIGHT_SEED", "2")
    monkeypatch.setenv("INSIGHT_WORKERS", "4")
    settings = load_settings(seed=5, device=None)
    found = (settings.seed, settings.workers, settings.fdr, settings.perplexity)
    assert found == (5, 4, 0.2, 30.0)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"variant": "xl"}, "variant='xl'"),
        ({"fdr": "often"}, "fdr='often'"),
        ({"key_prefix": "video//north"}, "key_prefix='video//north'.*separated by /"),
        ({"key_prefix": "../x"}, "key_prefix"),
        ({"group": "two words"}, "group='two words'"),
        ({"partition_set": "a/b"}, "partition_set='a/b'"),
        ({"owners": ("video-models",)}, "'video-models' is neither an e-mail address nor team"),
        ({"owners": ("team:",)}, "'team:' is neither"),
    ],
)
def test_a_wrong_value_is_named(flags, message):
    with pytest.raises(SettingsError, match=message):
        load_settings(**flags)


@pytest.mark.parametrize(
    ("text", "message"),
    [("seed = ", "not valid TOML"), ("sead = 1", "unknown setting sead; did you mean seed")],
)
def test_a_wrong_file_is_named(tmp_path, text, message):
    (tmp_path / "insight.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings(home=tmp_path)


def test_thresholds_of_checks_are_a_table_of_their_own(tmp_path, monkeypatch):
    (tmp_path / "insight.toml").write_text(
        "[checks]\nmax_leaked_clips = 7\nmax_noise_share = 0.5\nseverities = { leaks = 'ERROR' }\n"
    )
    monkeypatch.setenv("INSIGHT_CHECKS__MAX_LEAKED_CLIPS", "3")
    checks = load_settings(home=tmp_path).checks
    assert (checks.max_leaked_clips, checks.max_noise_share) == (3, 0.5)
    assert checks.severities == {"leaks": "ERROR"}


def test_tables_are_merged_key_by_key_and_the_environment_wins(tmp_path, monkeypatch):
    (tmp_path / "insight.toml").write_text(
        "[populations.dark]\nsql = 'brightness < 9'\n[populations.short]\nsql = 'a < 1'\n"
    )
    monkeypatch.setenv("INSIGHT_POPULATIONS__DARK__SQL", "brightness < 5")
    populations = load_settings(home=tmp_path).populations
    assert {name: each.sql for name, each in populations.items()} == {
        "dark": "brightness < 5",
        "short": "a < 1",
    }


def test_an_empty_variable_counts_as_unset(tmp_path, monkeypatch):
    (tmp_path / "insight.toml").write_text("seed = 4\n")
    monkeypatch.setenv("INSIGHT_SEED", "")
    assert load_settings(home=tmp_path).seed == 4


def test_a_settings_file_cannot_move_its_home(tmp_path):
    (tmp_path / "insight.toml").write_text("home = '/elsewhere'\n")
    assert load_settings(home=tmp_path).home == tmp_path


def test_a_variable_that_is_not_json_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("INSIGHT_TAPS", "blocks.3")
    with pytest.raises(SettingsError, match='"taps".*holds JSON, e.g. INSIGHT_TAPS='):
        load_settings(home=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[checks]\nmax_leakd_clips = 7", "checks.max_leakd_clips=7: there is no such setting"),
        ("[checks]\nmax_noise_share = 2.0", "checks.max_noise_share=2.0"),
        ("timezone = 'Mars/Olympus'", "timezone='Mars/Olympus'.*IANA"),
        ("alert_webhook = 'file:///etc/passwd'", "alert_webhook.*http"),
    ],
)
def test_wrong_thresholds_and_automation_settings_are_named(tmp_path, text, message):
    (tmp_path / "insight.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings(home=tmp_path)
