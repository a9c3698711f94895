"""All settings of a home folder, and where their values come from.

The only place that reads the environment. A later source wins: default, `insight.toml` in the home
folder, environment variable `INSIGHT_<NAME>` (for a threshold of a check
`INSIGHT_CHECKS__<NAME>`), command-line flag; tables are merged key by key. The fields of the model
are in `model_spec`, those of the analysis in `analysis_options`, names in Dagster in
`dagster_names`, thresholds in `thresholds`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from insight_dagster.errors import SettingsError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.settings.analysis_options import AnalysisOptions
from insight_dagster.settings.dagster_names import DagsterNames
from insight_dagster.settings.model_spec import ModelSettings, ModelSpec
from insight_dagster.settings.settings_file import refuse_unknown_names, settings_file_source
from insight_dagster.settings.thresholds import Thresholds

HostName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$")]


_PREFIX = "INSIGHT_"


class HomeSettings(BaseSettings):
    """Where the home folder and its clips are."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        protected_namespaces=(),
    )

    home: Path = Field(Path(".insight"), description="folder of the database, reports and weights")
    library: Path | None = Field(None, description="clip library; default: <home>/library")


class Settings(AnalysisOptions, ModelSettings, DagsterNames, HomeSettings):
    """All settings of one home folder, validated; `load_settings` makes them.

    The sections that are passed on whole are declared in modules of their own.
    """

    model_config = HomeSettings.model_config

    decode_seconds: float = Field(
        120.0,
        gt=0,
        description="time limit of reading one clip; a slower clip is quarantined "
        "and tried again with the next run",
    )
    decode_memory_mib: int = Field(
        2048,
        ge=256,
        description="memory limit of the process that reads a clip; a clip that needs more is "
        "quarantined and tried again with the next run",
    )
    lock_timeout_seconds: float = Field(
        120.0,
        gt=0,
        description="longest wait of a run or command, in all, for a database that others use",
    )

    automation: Literal["schedule", "conditions", "off"] = Field(
        "schedule",
        description="what keeps the home up to date while the daemon runs: the nightly schedule, "
        "Dagster's automation conditions, or nothing",
    )
    nightly_cron: str = Field("0 2 * * *", description="cron expression of the nightly re-analysis")
    timezone: str = Field("UTC", description="time zone of the schedule, e.g. Europe/Berlin")
    watch_seconds: int = Field(
        60, ge=5, description="interval at which the sensor looks for new and changed clips"
    )
    fresh_hours: float = Field(36.0, gt=0, description="age from which the report counts as stale")
    report_url: str = Field(
        "http://127.0.0.1:3001",
        description="http(s) address of the served report folder, used by links in the Dagster UI; "
        "`insight serve` serves it at the default",
    )
    allowed_hosts: tuple[HostName, ...] = Field(
        (),
        description="names without port, besides this machine's loopback names, under which the "
        "Dagster UI and the report of `insight serve` are reached, e.g. through a proxy",
    )
    alert_webhook: str | None = Field(
        None, description="http(s) address that alerts are posted to, as JSON"
    )
    alert_command: tuple[str, ...] = Field(
        (), description="program and arguments that receive an alert as JSON on standard input"
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
        """Return the sources, the strongest first: arguments, environment, settings file."""
        sources = (init_settings, env_settings)
        home = init_settings().get("home")
        if home is None:
            return sources
        return *sources, settings_file_source(settings_cls, HomeFolders(home).settings_file)


def load_settings(**flags: Any) -> Settings:
    """Return the settings from flags, environment, settings file and defaults.

    Args:
        flags: settings by name; None stands for a flag that was not given.

    Raises:
        SettingsError: a value is unknown or out of range, or the settings file is not TOML.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    refuse_unknown_names(_variables(), Settings, where="the environment", prefix=_PREFIX)
    try:
        home = HomeSettings(**given).home.expanduser().absolute()
        return _absolute(Settings(**{**given, "home": home}))
    except ValidationError as problem:
        raise SettingsError(_explain(problem)) from problem
    except SourceError as problem:
        raise SettingsError(
            f"{problem}; the environment variable of a list or table holds JSON, "
            """e.g. INSIGHT_TAPS='["blocks.3"]'"""
        ) from problem


def _variables() -> Iterator[str]:
    """Yield the names of the settings that environment variables are named after."""
    for variable in os.environ:
        if variable.upper().startswith(_PREFIX):
            yield variable[len(_PREFIX) :].lower().partition("__")[0]


def _absolute(settings: Settings) -> Settings:
    """Return the settings with absolute paths, so that other processes find the same files."""
    paths = {name: getattr(settings, name) for name in ("library", "labels", "metadata_file")}
    if settings.weights not in ("pretrained", "random"):
        paths["weights"] = Path(settings.weights)
    if settings.second_embedding and Path(settings.second_embedding).expanduser().exists():
        paths["second_embedding"] = Path(settings.second_embedding)
    texts = ("weights", "second_embedding")
    found = {name: path.expanduser().absolute() for name, path in paths.items() if path}
    return settings.model_copy(update={n: str(p) if n in texts else p for n, p in found.items()})


def _explain(problem: ValidationError) -> str:
    parts = [
        f"{'.'.join(map(str, error['loc']))}={error['input']!r}: {_said(error)}"
        for error in problem.errors()
    ]
    return "setting " + "; ".join(parts) + " (flags, INSIGHT_* variables and insight.toml are read)"


def _said(error: Any) -> str:
    return "there is no such setting" if error["type"] == "extra_forbidden" else str(error["msg"])
