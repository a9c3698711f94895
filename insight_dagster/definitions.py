"""The code location: an explicit list of assets, checks, jobs and resources."""

import dagster as dg

from assets.clip_manifest import clip_manifest, quarantined_share
from assets.clusters import clusters
from assets.embeddings import embeddings, embeddings_complete
from assets.heatmap_bundles import heatmap_bundles
from assets.insight_report import insight_report
from assets.insights import insights
from assets.latent_space import latent_space
from assets.metadata_table import metadata_table
from assets.projection import projection
from insight_dagster.settings import Settings, load_settings
from resources.analysis_options import AnalysisOptions
from resources.bundle_folder import BundleFolderResource
from resources.classifier import ClassifierResource
from resources.clip_library import ClipLibraryResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES
from resources.progress import LoggedProgress, Progress

_PER_CLASS = [
    clip_manifest,
    embeddings,
    metadata_table,
    projection,
    clusters,
    insights,
    heatmap_bundles,
]

analyse_classes = dg.define_asset_job(
    "analyse_classes",
    selection=_PER_CLASS,
    partitions_def=ACTION_CLASSES,
    description="Everything that is done class by class; a partition is a class.",
)
refit_latent_space = dg.define_asset_job(
    "refit_latent_space",
    selection=[latent_space],
    description="Fit scaler, PCA, layout and clusters again on all classes' vectors.",
)
write_report = dg.define_asset_job(
    "write_report",
    selection=[insight_report],
    description="Write the static report from what the tables hold.",
)


def build_definitions(settings: Settings, *, progress: Progress | None = None) -> dg.Definitions:
    """All definitions for one home folder.

    Args:
        settings: of the home folder.
        progress: follows long steps; default: log lines.
    """
    return dg.Definitions(
        assets=[*_PER_CLASS, latent_space, insight_report],
        asset_checks=[quarantined_share, embeddings_complete],
        jobs=[analyse_classes, refit_latent_space, write_report],
        resources={
            "database": DatabaseResource(
                path=str(settings.database_path),
                lock_timeout_seconds=settings.lock_timeout_seconds,
            ),
            "clip_library": ClipLibraryResource(folder=str(settings.library_folder)),
            "bundle_folder": BundleFolderResource(home=str(settings.home)),
            "classifier": ClassifierResource(
                weights_folder=str(settings.weights_folder),
                variant=settings.variant,
                weights=settings.weights,
                labels=str(settings.labels) if settings.labels else None,
                device=settings.device,
                seed=settings.seed,
            ),
            "options": AnalysisOptions(
                **{name: getattr(settings, name) for name in AnalysisOptions.model_fields}
            ),
            "progress": progress or LoggedProgress(),
        },
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The code location of the home that the environment names."""
    return build_definitions(load_settings())
