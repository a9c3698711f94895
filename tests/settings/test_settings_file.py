"""The settings file that `insight init` writes: what it holds, and that it can be read back."""

import tomllib

import pytest

from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings, load_settings
from insight_dagster.settings.settings_file import settings_text
from insight_dagster.settings.thresholds import Thresholds


def text_of(settings, *keep):
    return settings_text(settings, keep=keep, leave_out=["home"])


def test_only_the_settings_to_keep_are_values(tmp_path):
    settings = load_settings(home=tmp_path, library=tmp_path / 'a "b" é', variant="xs", seed=3)
    held = tomllib.loads(text_of(settings, "library", "variant"))
    assert held == {"library": str(tmp_path / 'a "b" é'), "variant": "xs", "checks": {}}
    (tmp_path / "insight.toml").write_text(text_of(settings, "library", "variant"))
    again = load_settings(home=tmp_path)
    assert (again.library, again.variant, again.seed) == (settings.library, "xs", 0)


def test_every_other_setting_is_a_comment_with_its_meaning_and_default(tmp_path):
    lines = text_of(load_settings(home=tmp_path)).split("\n")
    for section in (Settings, Thresholds):
        for name, info in section.model_fields.items():
            if name not in ("home", "checks"):
                (number,) = [n for n, line in enumerate(lines) if line.startswith(f"# {name} = ")]
                assert lines[number - 1] == f"# {info.description}"
                default = tomllib.loads(lines[number][2:])[name]
                wanted = info.get_default(call_default_factory=True)
                assert default == (list(wanted) if isinstance(wanted, tuple) else wanted or default)


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path):
    (tmp_path / "insight.toml").write_bytes(b"variant = '\xff'")
    with pytest.raises(SettingsError, match=r"insight\.toml is not valid TOML"):
        load_settings(home=tmp_path)
