"""The code location: an explicit list of assets, checks, jobs and resources."""

from typing import cast

import dagster as dg

from assets.clip_manifest import clip_manifest, unreadable_share
from assets.clusters import clusters
from assets.embeddings import embeddings, embeddings_complete, quarantined_share
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

_MEASURE = [clip_manifest, embeddings, metadata_table]
_PLACE = [projection, clusters]
_EXPLAIN = [insights, heatmap_bundles]

measure_classes = dg.define_asset_job(
    "measure_classes",
    selection=_MEASURE,
    partitions_def=ACTION_CLASSES,
    description="List, embed and describe the clips of a class.",
)
place_classes = dg.define_asset_job(
    "place_classes",
    selection=_PLACE,
    partitions_def=ACTION_CLASSES,
    description="Place a class into the present latent space; needs one.",
)
explain_classes = dg.define_asset_job(
    "explain_classes",
    selection=_EXPLAIN,
    partitions_def=ACTION_CLASSES,
    description="Raise a class's insights against every class that is placed, with heatmaps.",
)
analyse_classes = dg.define_asset_job(
    "analyse_classes",
    selection=[*_MEASURE, *_PLACE, *_EXPLAIN],
    partitions_def=ACTION_CLASSES,
    description="All of it for one new or changed class, into the present latent space. For many "
    "classes run measure, refit, place and explain one after another, so that every class is "
    "compared with all.",
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
        assets=[*_MEASURE, latent_space, *_PLACE, *_EXPLAIN, insight_report],
        asset_checks=[unreadable_share, embeddings_complete, quarantined_share],
        jobs=[
            measure_classes,
            refit_latent_space,
            place_classes,
            explain_classes,
            analyse_classes,
            write_report,
        ],
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


def classifier_of(definitions: dg.Definitions) -> ClassifierResource:
    """The model resource that the definitions were built with."""
    return cast(ClassifierResource, (definitions.resources or {})["classifier"])


@dg.definitions
def definitions() -> dg.Definitions:
    """The code location of the home that the environment names."""
    return build_definitions(load_settings())
