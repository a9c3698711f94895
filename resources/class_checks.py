"""The class checks as a Dagster resource, put together from the other resources."""

import dagster as dg

from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.thresholds import ThresholdsResource


class ClassChecksResource(dg.ConfigurableResource):
    """The checks of every class, on the current state of the home."""

    database: DatabaseResource
    clip_library: ClipLibraryResource
    home_folders: HomeFoldersResource
    classifier: ModelResource
    thresholds: ThresholdsResource

    def open(self) -> ClassChecks:
        """Return the checks, which read the database only when they are evaluated."""
        return ClassChecks(
            store=self.database.open(),
            thresholds=self.thresholds.load(),
            folders=self.home_folders.open(),
            scan_library=self.clip_library.scan,
            describe_model=self.classifier.describe,
        )
