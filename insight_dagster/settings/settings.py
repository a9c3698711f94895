"""Every setting, its default and its source; the only place that reads the environment.

Later wins: default, `insight.toml` in the home folder, environment variable `INSIGHT_<NAME>` (of a
check's threshold `INSIGHT_CHECKS__<NAME>`), command-line flag. Values are checked here; what they
mean to an algorithm is documented there.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from insight_dagster.errors import SettingsError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.settings.analysis_options import AnalysisOptions
from insight_dagster.settings.model_spec import ModelSettings, ModelSpec
from insight_dagster.settings.thresholds import Thresholds


class HomeSettings(BaseModel):
    """Where a home folder is and where its clips are."""

    home: Path = Field(Path(".insight"), description="folder of the database, reports and weights")
    library: Path | None = Field(None, description="clip library; default: <home>/library")


class Settings(AnalysisOptions, ModelSettings, HomeSettings, BaseSettings):
    """All settings of one home folder, checked.

    Raises:
        SettingsError: through `load_settings`, when a value is unknown or out of range.
    """

    model_config = SettingsConfigDict(
        env_prefix="INSIGHT_",
        env_ignore_empty=True,
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        protected_namespaces=(),
    )

    decode_seconds: float = Field(
        120.0, gt=0, description="time limit of reading one clip; a slower clip is quarantined"
    )
    decode_memory_mib: int = Field(
        2048, ge=256, description="memory limit of the process that reads a clip"
    )
    lock_timeout_seconds: float = Field(
        120.0, gt=0, description="longest wait for the database while another process writes"
    )

    automation: Literal["schedule", "conditions", "off"] = Field(
        "schedule",
        description="what keeps the home up to date while the daemon runs: the nightly schedule, "
        "Dagster's automation conditions, or nothing",
    )
    nightly_cron: str = Field("0 2 * * *", description="when the nightly re-analysis starts")
    timezone: str = Field("UTC", description="time zone of the schedule, e.g. Europe/Berlin")
    watch_seconds: int = Field(
        60, ge=5, description="how often the sensor looks for new and changed clips"
    )
    fresh_hours: float = Field(36.0, gt=0, description="age at which the report is no longer fresh")
    report_url: str = Field(
        "http://127.0.0.1:3001",
        description="http(s) address that the report folder is served at, where links in the "
        "Dagster UI lead; by default `insight serve` serves it there",
    )
    alert_webhook: str | None = Field(
        None, description="http(s) address that alerts are posted to, as JSON"
    )
    alert_command: tuple[str, ...] = Field(
        (), description="program and arguments that are given an alert as JSON on standard input"
    )
    checks: Thresholds = Field(
        default_factory=Thresholds,
        description="thresholds of the asset checks",
    )

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as problem:
            raise ValueError("not a time zone of the IANA list, e.g. Europe/Berlin") from problem
        return value

    @field_validator("alert_webhook", "report_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("an address must begin with http:// or https://")
        return value

    @property
    def folders(self) -> HomeFolders:
        """Files and folders of the home."""
        return HomeFolders(self.home)

    @property
    def model_spec(self) -> ModelSpec:
        """The model that these settings choose."""
        chosen = self.model_dump(include=set(ModelSpec.model_fields))
        return ModelSpec(**chosen, weights_folder=self.folders.weights)

    @property
    def analysis_options(self) -> AnalysisOptions:
        """The options that the assets run with."""
        return AnalysisOptions(**self.model_dump(include=set(AnalysisOptions.model_fields)))

    @property
    def library_folder(self) -> Path:
        """Folder of the clip library."""
        return self.library or self.folders.library

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags and environment only: the settings file enters through `load_settings`."""
        return init_settings, env_settings


def load_settings(**flags: Any) -> Settings:
    """Settings from flags (None = not given), environment, settings file and defaults.

    Raises:
        SettingsError: a value is unknown or out of range, or the settings file is not TOML.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        home = Settings(**given).home.expanduser().absolute()
        from_file = _unless_in_environment(_read_settings_file(HomeFolders(home).settings_file))
        return _absolute(Settings(**{**from_file, **given, "home": home}))
    except ValidationError as problem:
        raise SettingsError(_explain(problem)) from problem


def _absolute(settings: Settings) -> Settings:
    """The settings with every path absolute, so that other processes find the same files."""
    paths = {name: getattr(settings, name) for name in ("library", "labels", "metadata_file")}
    if settings.weights not in ("pretrained", "random"):
        paths["weights"] = Path(settings.weights)
    if settings.second_embedding and Path(settings.second_embedding).expanduser().exists():
        paths["second_embedding"] = Path(settings.second_embedding)
    texts = ("weights", "second_embedding")
    found = {name: path.expanduser().absolute() for name, path in paths.items() if path}
    return settings.model_copy(update={n: str(p) if n in texts else p for n, p in found.items()})


def _unless_in_environment(values: dict[str, Any], prefix: str = "INSIGHT_") -> dict[str, Any]:
    """The values of a settings file that no environment variable overrides."""
    set_there = {key.upper() for key in os.environ}
    kept = {k: v for k, v in values.items() if f"{prefix}{k}".upper() not in set_there}
    if isinstance(kept.get("checks"), dict):
        kept["checks"] = _unless_in_environment(kept["checks"], f"{prefix}CHECKS__")
    return kept


def _read_settings_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{path} is not valid TOML ({problem}); correct or remove it"
        ) from problem
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(
            f"{path} names unknown settings {unknown}; `insight doctor` lists the known ones"
        )
    return values


def _explain(problem: ValidationError) -> str:
    parts = [
        f"{'.'.join(map(str, error['loc']))}={error['input']!r}: {error['msg']}"
        for error in problem.errors()
    ]
    return "setting " + "; ".join(parts) + " (flags, INSIGHT_* variables and insight.toml are read)"
