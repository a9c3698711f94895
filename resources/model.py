"""The X3D model as a (GPU) resource: loaded once per process, whatever the number of steps."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg

from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.demo.model.checkpoint import DEMO_CHECKPOINT

DownloadProgress = Callable[[int, int | None], None]


class ClassifierResource(dg.ConfigurableResource):
    """Names a model; `load` gives it. Its fields mean what the settings of the same names do."""

    weights_folder: str
    variant: str = "demo"
    weights: str = "pretrained"
    labels: str | None = None
    device: str = "auto"
    engine: str = "auto"
    precision: str = "float32"
    second_embedding: str | None = None
    seed: int = 0

    def load(self, progress: DownloadProgress | None = None) -> VideoClassifier:
        """The model on its device, ready to predict.

        Args:
            progress: told of a download's bytes there and bytes wanted.

        Raises:
            ModelError: weights or labels are missing or do not fit; the message says what to do.
        """
        return self._load(self.device, progress)

    def describe(self) -> VideoClassifier:
        """The model for its labels, fingerprint and clip geometry alone: no GPU is touched.

        Raises:
            ModelError: as `load`.
        """
        return self._load("cpu", None)

    def _load(self, device: str, progress: DownloadProgress | None) -> VideoClassifier:
        shipped = self.variant == "demo" and self.weights == "pretrained"
        return load_classifier(
            variant=self.variant,
            weights=str(DEMO_CHECKPOINT) if shipped else self.weights,
            labels_path=Path(self.labels) if self.labels else None,
            folder=Path(self.weights_folder),
            device=device,
            engine=self.engine,
            precision=self.precision,
            second=self.second_embedding,
            seed=self.seed,
            progress=progress,
        )
