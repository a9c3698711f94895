"""The model as a Dagster resource: loaded once per process, however many steps use it."""

from collections.abc import Callable

from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.demo.model.checkpoint import DEMO_CHECKPOINT
from insight_dagster.resources.settings_fields import configurable, section_of
from insight_dagster.settings.model_spec import ModelSpec

DownloadProgress = Callable[[int, int | None], None]


class ModelResource(configurable(ModelSpec)):  # type: ignore[misc]
    """The fields of `ModelSpec`, in types that Dagster can configure."""

    @property
    def spec(self) -> ModelSpec:
        """The validated settings; the demo variant's pretrained weights are the shipped ones."""
        spec = section_of(self, ModelSpec)
        if (spec.variant, spec.weights) == ("demo", "pretrained"):
            return spec.model_copy(update={"weights": str(DEMO_CHECKPOINT)})
        return spec

    def load(self, progress: DownloadProgress | None = None) -> VideoClassifier:
        """Return the model on its device, ready to predict.

        Args:
            progress: called with the bytes downloaded and the bytes expected.

        Raises:
            ModelError: weights or labels are missing or do not fit; the message says what to do.
        """
        return load_classifier(self.spec, progress=progress)

    def describe(self) -> VideoClassifier:
        """Return the model on the CPU, for its labels, fingerprint and clip geometry.

        Raises:
            ModelError: as `load`.
        """
        return load_classifier(self.spec.model_copy(update={"device": "cpu"}))
