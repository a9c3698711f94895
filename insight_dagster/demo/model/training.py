"""Training of the demo model from scratch: renders a library, writes weights and model card.

    python -m insight_dagster.demo.model.training --seed 1000

The same seed, machine and number of threads give the same weights. Hyperparameters (`recipe`),
decoded clips (`training_data`) and the text of the card (`model_card`) do not belong here.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.analysis.model.pretrained_weights import record, sha256_of
from insight_dagster.analysis.model.x3d import build_x3d, variant_named
from insight_dagster.demo.classes import DEMO_CLASSES, DISTRACTOR_CLASSES
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.demo.model.checkpoint import DEMO_CHECKPOINT
from insight_dagster.demo.model.model_card import TrainingFacts, write_card
from insight_dagster.demo.model.recipe import SCREENED, Recipe, Stage
from insight_dagster.demo.model.training_data import ClipTensors, augment, load_split, to_input


def train(
    train_clips: ClipTensors, *, labels: Sequence[str], spec: ClipSpec, recipe: Recipe
) -> nn.Module:
    """Train a demo X3D, printing the loss of each epoch.

    Args:
        train_clips: clips to train on.
        labels: labels of the model in index order.
        spec: clip geometry of the model.
        recipe: hyperparameters.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    model: Any = build_x3d(variant_named("demo"), classes=len(labels))
    # Gives the same numbers at full size and also works at smaller sizes; it has no weights.
    model.blocks[-1].pool.pool = nn.AdaptiveAvgPool3d(1)
    model = model.to(memory_format=torch.channels_last_3d)
    for stage in recipe.stages:
        _run_stage(model, train_clips, spec, recipe, stage, generator)
    return model.eval()


def _run_stage(
    model: nn.Module,
    clips: ClipTensors,
    spec: ClipSpec,
    recipe: Recipe,
    stage: Stage,
    generator: torch.Generator,
) -> None:
    steps = stage.epochs * (len(clips.targets) // recipe.batch_size)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=stage.peak_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, stage.peak_rate, total_steps=max(steps, 1), pct_start=0.2
    )
    model.train()
    for epoch in range(stage.epochs):
        start, losses = time.perf_counter(), []
        for chosen in _batches(len(clips.targets), recipe.batch_size, generator):
            batch = to_input(augment(clips.pixels[chosen], generator), spec, side=stage.side)
            loss = functional.cross_entropy(
                model(batch), clips.targets[chosen], label_smoothing=recipe.label_smoothing
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - start
        mean = sum(losses) / max(len(losses), 1)
        print(
            f"{stage.side} px, epoch {epoch + 1}/{stage.epochs}: loss {mean:.3f}, {seconds:.0f} s",
            flush=True,
        )


def _batches(clips: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Yield full batches of clip indices in random order; the last, partial batch is dropped."""
    order = torch.randperm(clips, generator=generator)
    for start in range(0, clips - size + 1, size):
        yield order[start : start + size]


def predict(model: nn.Module, clips: ClipTensors, spec: ClipSpec) -> torch.Tensor:
    """Return the logits of the clips, (N, C) float32, from the same input as in the analysis."""
    with torch.inference_mode():
        return torch.cat([model(to_input(part, spec)) for part in clips.pixels.split(8)])


def confusion_matrix(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Count clips by true label (row) and predicted label (column), (C, C) int64."""
    classes = logits.shape[1]
    cells = targets * classes + logits.argmax(1)
    return torch.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def save_checkpoint(path: Path, model: nn.Module, *, labels: Sequence[str], spec: ClipSpec) -> None:
    """Write the model in the project's checkpoint format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    content = {"model_state": state, "labels": list(labels), "spec": dataclasses.asdict(spec)}
    torch.save(content, path)
    record(path, sha256_of(path.read_bytes()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the training library, train and evaluate a model, and write weights and card."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    recipe = Recipe(seed=options.seed, clips_per_class=options.clips_per_class)
    labels = tuple(sorted(DEMO_CLASSES + DISTRACTOR_CLASSES))
    spec = variant_named("demo").spec
    start = time.perf_counter()
    make_library(
        options.library,
        seed=recipe.seed,
        clips_per_class=recipe.clips_per_class,
        classes=labels,
        faults=SCREENED,
    )
    parts = {
        split: load_split(options.library, split, labels=labels, spec=spec)
        for split in ("train", "val")
    }
    model = train(parts["train"], labels=labels, spec=spec, recipe=recipe)
    matrix = confusion_matrix(predict(model, parts["val"], spec), parts["val"].targets)
    save_checkpoint(options.output, model, labels=labels, spec=spec)
    facts = TrainingFacts(
        recipe=recipe,
        labels=labels,
        spec=spec,
        confusion=matrix,
        train_clips=len(parts["train"].targets),
        val_clips=len(parts["val"].targets),
        parameters=sum(p.numel() for p in model.parameters()),
        minutes=(time.perf_counter() - start) / 60,
        threads=options.threads,
        machine=f"{platform.machine()} CPU, torch {torch.__version__}",
    )
    write_card(options.output.parent / "MODEL_CARD.md", facts)
    print(f"val accuracy {facts.accuracy:.3f}; wrote {options.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m insight_dagster.demo.model.training", description=__doc__
    )
    parser.add_argument(
        "--seed", type=int, default=1000, help="seed of the clips and of the training"
    )
    parser.add_argument("--clips-per-class", type=int, default=Recipe.clips_per_class)
    parser.add_argument("--threads", type=int, default=1, help="number of torch threads")
    parser.add_argument("--library", type=Path, default=Path(".insight/training-library"))
    parser.add_argument("--output", type=Path, default=DEMO_CHECKPOINT)
    return parser


if __name__ == "__main__":
    main()
