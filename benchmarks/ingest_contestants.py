"""The contestants of `benchmarks.ingest`: PyTorchVideo's tutorial in several forms, and ours.

Running and timing them (`ingest`) does not belong here. Code that is not ours runs in its own
process, as a user would run it, without our process settings (huge pages).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from pytorchvideo.models.x3d import create_x3d
from scipy import ndimage
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmarks import metadata_references as references
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import DecodingProcesses, Limits
from insight_dagster.analysis.embeddings.embeddings import embed_clips
from insight_dagster.analysis.metadata.metadata_table import ClipMeasuring
from insight_dagster.analysis.model.clip_inputs import in_threads, load_input
from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.analysis.model.x3d import variant_named
from insight_dagster.settings.model_spec import ModelSpec
from tests.support.pytorchvideo_reference import clip_of, transform_of

Run = Callable[[Sequence[Clip]], object]


class Tutorial(Dataset):
    """Clips as the tutorial reads them: (3, T, S, S) float32."""

    def __init__(self, clips: Sequence[Clip], spec: ClipSpec) -> None:
        self.clips, self.spec, self.transform = clips, spec, transform_of(spec)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> torch.Tensor:
        return self.transform(clip_of(self.clips[number].path, 0.0, self.spec.seconds))


def contestants(folder: Path, names: Sequence[str], workers: int) -> dict[str, Run]:
    """Return the contestants by name: the tutorial's forms, and ours with each engine named."""
    spec = variant_named("m").spec
    processes = DecodingProcesses(Limits())

    def decode(clips: Sequence[Clip]) -> None:
        read = in_threads(
            lambda clip: load_input(clip, spec, processes.decode_window), clips, workers=workers
        )
        for _ in read:
            pass

    found: dict[str, Run] = {**_theirs(workers), "decode alone": decode}
    for name in names:
        engine, _, precision = name.partition(" ")
        model = load(folder, engine, precision or "float32")
        found[f"forward alone, {name}"] = _forward_alone(model, workers)
        found[f"ours, {name}"] = ours(model, processes, workers)
        found[f"ours with metadata, {name}"] = ours(model, processes, workers, metadata=True)
    return found


def _theirs(workers: int) -> dict[str, Run]:
    """Return PyTorchVideo's tutorial in three forms, which run in one other process."""
    os.environ["THP_MEM_ALLOC_ENABLE"] = "0"  # for the other process; this one has set it already
    apart = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    return {
        name: lambda clips, name=name: apart.submit(_run_theirs, name, clips, workers).result()
        for name in ("tutorial", "data loader", "tutorial with metadata")
    }


def _run_theirs(name: str, clips: Sequence[Clip], workers: int) -> None:
    """Run one form of the tutorial on some clips."""
    network, read = _zoo_network(), Tutorial(clips, variant_named("m").spec)
    one_by_one = (read[number][None] for number in range(len(read)))
    if name == "data loader":
        forked = {"num_workers": workers, "multiprocessing_context": "fork"}
        one_by_one = iter(DataLoader(read, batch_size=1, **forked))
    for batch in one_by_one:
        with torch.inference_mode():
            network(batch)
        if name == "tutorial with metadata":
            case_study_metadata(batch[0], read.spec)


@cache
def _zoo_network() -> nn.Module:
    """Return X3D-M as the model zoo builds it, including the softmax."""
    network: nn.Module = create_x3d(input_clip_length=16, input_crop_size=224, model_num_class=400)
    return network.eval()


def case_study_metadata(clip: torch.Tensor, spec: ClipSpec) -> None:
    """Call the metadata functions of the case study one by one; three compute optical flow each.

    Args:
        clip: (3, T, S, S) float32, normalised.
        spec: mean and standard deviation that it was normalised with.
    """
    mean, std = (torch.tensor(each)[:, None, None, None] for each in (spec.mean, spec.std))
    levels = ((clip * std + mean) * 255).round().clamp(0, 255)
    frames = levels.to(torch.uint8).permute(1, 2, 3, 0).contiguous().numpy()
    for function in (
        references.similarity,
        references.total_variation,
        references.sharpness,
        references.edges,
        references.changed,
        laplacian_of_gaussian,
    ):
        function(frames)
    for _ in ("motion", "camera motion", "foreground"):
        references.farneback(references.grey_of(frames))


def laplacian_of_gaussian(frames: np.ndarray) -> float:
    """Return the case study's second measure of sharpness, computed by scipy."""
    grey = references.grey_of(frames).astype(float)
    return float(np.mean([ndimage.gaussian_laplace(each, 2.0).var() for each in grey]))


def ours(
    model: VideoClassifier, processes: DecodingProcesses, workers: int, *, metadata: bool = False
) -> Run:
    """Return our way from files to vectors, with or without all metadata."""
    decode = processes.decode_window

    def run(clips: Sequence[Clip]) -> None:
        measuring = ClipMeasuring(clips if metadata else [], model.spec)
        embed_clips(clips, model, workers=workers, decode=decode, visit=measuring.add)
        measuring.finish(workers=workers, decode=decode)

    return run


def _forward_alone(model: VideoClassifier, workers: int) -> Run:
    spec = model.spec
    clip = torch.rand(1, 3, spec.num_frames, spec.crop, spec.crop)

    def run(clips: Sequence[Clip]) -> None:
        for _ in in_threads(lambda _: model.predict(clip), clips, workers=workers):
            pass

    return run


def load(folder: Path, engine: str, precision: str) -> VideoClassifier:
    """Load X3D-M with random weights."""
    labels = folder / "labels.txt"
    labels.write_text("\n".join(f"label {number}" for number in range(400)))
    spec = ModelSpec(
        variant="m",
        weights="random",
        labels=labels,
        weights_folder=folder,
        device="cpu",
        engine=engine,
        precision=precision,
    )
    return load_classifier(spec)
