"""The code location: an explicit list of assets, checks, jobs, schedules, sensors and resources.

Nothing else imports `assets`; `orchestration` names them by their keys.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import cast

import dagster as dg

from insight_dagster.assets.baseline import baseline, promote
from insight_dagster.assets.clip_manifest import clip_manifest, clip_manifest_checks
from insight_dagster.assets.clusters import clusters, clusters_checks
from insight_dagster.assets.embeddings import embeddings_checks, embeddings_complete
from insight_dagster.assets.heatmap_bundles import heatmap_bundles
from insight_dagster.assets.insight_report import insight_report, insight_report_checks
from insight_dagster.assets.insights import insights, insights_checks
from insight_dagster.assets.latent_space import latent_space, latent_space_checks
from insight_dagster.assets.measurements import measurements
from insight_dagster.assets.performance import performance, performance_checks
from insight_dagster.assets.projection import projection, projection_checks
from insight_dagster.assets.verdict import verdict
from insight_dagster.errors import SettingsError
from insight_dagster.orchestration.alerts.sensors import alert_delivery, failure_alerts
from insight_dagster.orchestration.automation_conditions import with_conditions
from insight_dagster.orchestration.dagster_internals import placed_under
from insight_dagster.orchestration.jobs import define_jobs
from insight_dagster.orchestration.schedules import nightly_schedule
from insight_dagster.orchestration.sensors import (
    baseline_sensor,
    clip_library_sensor,
    nightly_stages,
)
from insight_dagster.orchestration.upkeep.backup_job import nightly_backups
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.console_log import console_log
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.names import Names, asset_name
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.progress import LoggedProgress, Progress
from insight_dagster.resources.thresholds import ThresholdsResource
from insight_dagster.settings import Settings, load_settings

_CLASS_ASSETS = [
    clip_manifest,
    measurements,
    performance,
    projection,
    clusters,
    insights,
    heatmap_bundles,
    verdict,
]
_ASSETS = [*_CLASS_ASSETS, latent_space, insight_report]
_NAMES = [asset_name(key) for asset in _ASSETS for key in asset.keys]
_CHECKS = [
    clip_manifest_checks,
    embeddings_complete,
    embeddings_checks,
    performance_checks,
    latent_space_checks,
    projection_checks,
    clusters_checks,
    insights_checks,
    insight_report_checks,
]

# Steps are forked from one process per run that has imported everything, so that a step starts in
# milliseconds instead of seconds.
EXECUTOR = dg.multiprocess_executor.configured(
    {"start_method": {"forkserver": {"preload_modules": ["insight_dagster.definitions"]}}}
)


def build_definitions(
    settings: Settings,
    *,
    progress: Progress | None = None,
    executor: dg.ExecutorDefinition | None = EXECUTOR,
) -> dg.Definitions:
    """Return all definitions for one home folder.

    To load them in a code location of your own, merge them with yours: no resource key and no
    module name collides. A code location has one executor, so leave it to yours::

        insight = build_definitions(load_settings(home="/data/insight"), executor=None)
        defs = dg.Definitions.merge(mine, insight)

    Args:
        settings: of the home folder.
        progress: reports the progress of long steps; default: log lines.
        executor: of runs that name none; None = the code location's.

    Raises:
        SettingsError: a setting that only Dagster can check is wrong.
    """
    _refuse_unknown(settings.checks.severities)
    names = Names.of(settings)
    jobs = define_jobs(names, promote)
    return dg.Definitions(
        assets=[*_assets(settings, names), _baseline(settings, names)],
        asset_checks=[placed_under(checks, names, _NAMES) for checks in _CHECKS],
        jobs=jobs.all,
        schedules=[nightly_schedule(settings, jobs.nightly)],
        sensors=[
            clip_library_sensor(settings, jobs),
            nightly_stages(names, jobs),
            baseline_sensor(names, jobs),
            *nightly_backups(names, jobs.nightly, jobs.backup),
            failure_alerts(settings),
            alert_delivery(settings),
        ],
        resources=_resources(settings, progress or LoggedProgress()),
        loggers={"console": console_log},
        executor=executor,
    )


def _assets(settings: Settings, names: Names) -> list[dg.AssetsDefinition]:
    """Return the assets under the names that the settings give them, with their policies."""
    fresh = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=settings.fresh_hours))

    def attributed(spec: dg.AssetSpec) -> dg.AssetSpec:
        policy = fresh if spec.key == names.key("insight_report") else None
        return _attributed(spec, settings).replace_attributes(freshness_policy=policy)

    named = [placed_under(asset, names, _NAMES) for asset in _ASSETS]
    return with_conditions([asset.map_asset_specs(attributed) for asset in named], settings)


def _baseline(settings: Settings, names: Names) -> dg.AssetSpec:
    """Return the asset `baseline` under the names that the settings give it."""
    deps = [
        dg.AssetDep(names.key(asset_name(dep.asset_key)), partition_mapping=dep.partition_mapping)
        for dep in baseline.deps
    ]
    named = baseline.replace_attributes(key=names.key("baseline"), deps=deps)
    return _attributed(named, settings)


def _attributed(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """Return an asset with the owners and the group of the settings."""
    group = settings.group or spec.group_name
    return spec.replace_attributes(owners=settings.owners, group_name=group)


def check_names() -> frozenset[str]:
    """Return the names of all asset checks."""
    return frozenset(spec.name for checks in _CHECKS for spec in checks.check_specs)


def _refuse_unknown(severities: Iterable[str]) -> None:
    """Refuse severities of checks that do not exist.

    Raises:
        SettingsError: a name is no check's; the message lists the checks.
    """
    known = check_names()
    unknown = sorted(set(severities) - known)
    if unknown:
        raise SettingsError(
            f"setting checks.severities names checks that do not exist: {', '.join(unknown)}; "
            f"choose from {', '.join(sorted(known))}"
        )


def _resources(settings: Settings, progress: Progress) -> dict[str, object]:
    database = DatabaseResource(
        path=str(settings.folders.database), lock_timeout_seconds=settings.lock_timeout_seconds
    )
    clip_library = ClipLibraryResource(
        folder=str(settings.library_folder),
        decode_seconds=settings.decode_seconds,
        decode_memory_mib=settings.decode_memory_mib,
    )
    home_folders = HomeFoldersResource(home=str(settings.home), report_url=settings.report_url)
    check_thresholds = ThresholdsResource(
        # Dagster's configuration has no null: a threshold that is not set is left out.
        values=settings.checks.model_dump(mode="json", exclude_none=True)
    )
    classifier = ModelResource(**settings.model_spec.model_dump(mode="json"))
    options = OptionsResource(**settings.analysis_options.model_dump(mode="json"))
    return {
        "insight_database": database,
        "insight_library": clip_library,
        "insight_folders": home_folders,
        "insight_model": classifier,
        "insight_thresholds": check_thresholds,
        "insight_options": options,
        "insight_checks": ClassChecksResource(
            database=database,
            clip_library=clip_library,
            home_folders=home_folders,
            classifier=classifier,
            thresholds=check_thresholds,
        ),
        "insight_progress": progress,
        "insight_names": Names.of(settings),
        # The stages of a night pass values to each other within one process.
        "insight_night_io": dg.mem_io_manager,
    }


def classifier_of(definitions: dg.Definitions) -> ModelResource:
    """Return the model resource that the definitions were built with."""
    return cast(ModelResource, (definitions.resources or {})["insight_model"])


@dg.definitions
def definitions() -> dg.Definitions:
    """Return the code location of the home that the environment names."""
    return build_definitions(load_settings())
