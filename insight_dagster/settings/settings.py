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

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from insight_dagster.errors import SettingsError
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.settings.filter_settings import ContrastFilter, Name, PopulationFilter
from insight_dagster.settings.thresholds import Thresholds


class Settings(BaseSettings):
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

    home: Path = Field(Path(".insight"), description="folder of the database, reports and weights")
    library: Path | None = Field(None, description="clip library; default: <home>/library")
    variant: Literal["demo", "xs", "s", "m", "l"] = Field(
        "demo", description="X3D variant; demo is the small model shipped for the demo library"
    )
    weights: str = Field(
        "pretrained", description="pretrained, random, or the path of a checkpoint file"
    )
    labels: Path | None = Field(
        None, description="label list of a checkpoint, one label a line in index order"
    )
    device: str = Field("auto", description="auto (CUDA, else CPU), cpu, cuda, cuda:1, ...")
    engine: Literal["auto", "torch", "openvino"] = Field(
        "auto", description="what runs the model: auto (OpenVINO on a CPU if installed, else torch)"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="numbers the model runs in; bfloat16 is faster and another model"
    )
    second_embedding: str | None = Field(
        None,
        description="features beside the model's own: a TorchScript or ONNX file, or "
        "package.module:function that returns a torch module; takes the model's clips",
    )
    taps: tuple[str, ...] = Field(
        (),
        description="layers of the embedding that the latent space is fitted on, by name (second "
        "is the second embedding); default: all",
    )
    batch_size: int = Field(8, ge=1, le=512, description="clips per forward pass")
    workers: int = Field(
        2, ge=1, le=64, description="threads that decode (and, on a CPU, run the model)"
    )
    shard_clips: int = Field(
        500, ge=1, description="clips of a class that are decoded before what they gave is stored"
    )
    decode_seconds: float = Field(
        120.0, gt=0, description="longest that reading one clip may take; then it is quarantined"
    )
    decode_memory_mib: int = Field(
        2048, ge=256, description="most memory that the process which reads a clip may take"
    )
    seed: int = Field(0, ge=0, description="seed of every fit and resampling")
    components: int = Field(50, ge=2, le=2048, description="principal components of a latent space")
    perplexity: float = Field(30.0, gt=1, description="t-SNE perplexity")
    min_cluster_size: int = Field(8, ge=2, description="fewest clips in a cluster")
    fdr: float = Field(0.05, gt=0, lt=1, description="false discovery rate of insights and causes")
    heatmaps_per_insight: int = Field(6, ge=0, description="example clips explained per insight")
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
    auto_promote: bool = Field(
        False, description="a night that passes and shows no drift becomes the baseline"
    )
    alert_webhook: str | None = Field(
        None, description="http(s) address that alerts are posted to, as JSON"
    )
    alert_command: tuple[str, ...] = Field(
        (), description="program and arguments that are given an alert as JSON on standard input"
    )
    metadata_file: Path | None = Field(
        None, description="CSV or Parquet file with more columns of the clips, by clip_id or path"
    )
    populations: dict[Name, PopulationFilter] = Field(
        default_factory=dict, description="named SQL filters that failing groups are looked for in"
    )
    contrasts: dict[Name, ContrastFilter] = Field(
        default_factory=dict, description="named SQL filters whose clips are held against the rest"
    )
    filter_seconds: float = Field(10.0, gt=0, description="longest that one SQL filter may take")
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

    @field_validator("populations")
    @classmethod
    def _has_no_built_in(cls, value: dict[str, PopulationFilter]) -> dict[str, PopulationFilter]:
        if {"all", "misclassified_train"} & set(value):
            raise ValueError("all and misclassified_train are built in; choose another name")
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
