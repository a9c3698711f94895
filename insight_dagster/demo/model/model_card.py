"""The demo model's card in Markdown: training data, training and results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.demo.classes import DEMO_CLASSES, LOOKALIKE_PAIR
from insight_dagster.demo.model.recipe import Recipe


@dataclass(frozen=True)
class TrainingFacts:
    """The facts of a training run.

    Attributes:
        recipe: hyperparameters.
        labels: C labels in index order.
        spec: clip geometry of the model.
        confusion: (C, C) int64, val clips by true label (row) and predicted label (column).
        train_clips: number of train clips.
        val_clips: number of val clips.
        parameters: number of parameters of the model.
        minutes: duration of the run, including rendering.
        threads: number of torch threads.
        machine: processor and version of torch.
    """

    recipe: Recipe
    labels: tuple[str, ...]
    spec: ClipSpec
    confusion: torch.Tensor
    train_clips: int
    val_clips: int
    parameters: int
    minutes: float
    threads: int
    machine: str

    def __post_init__(self) -> None:
        classes = len(self.labels)
        if tuple(self.confusion.shape) != (classes, classes):
            raise ValueError(
                f"confusion must be ({classes}, {classes}), got {self.confusion.shape}"
            )

    @property
    def accuracy(self) -> float:
        """The share of the val clips of all classes that are predicted correctly."""
        return float(self.confusion.trace() / self.confusion.sum().clamp(min=1))

    @property
    def demo_accuracy(self) -> float:
        """The share of the val clips of the five demo classes that are predicted correctly."""
        rows = self.confusion[[self.labels.index(label) for label in DEMO_CLASSES]]
        right = sum(self.confusion[i, i] for i in map(self.labels.index, DEMO_CLASSES))
        return float(right / rows.sum().clamp(min=1))

    @property
    def pair_share(self) -> float:
        """The share of the errors on demo classes that swap abseiling and rock climbing."""
        first, second = (self.labels.index(label) for label in LOOKALIKE_PAIR)
        swapped = self.confusion[first, second] + self.confusion[second, first]
        rows = self.confusion[[self.labels.index(label) for label in DEMO_CLASSES]]
        errors = float(rows.sum()) * (1 - self.demo_accuracy)
        return float(swapped) / max(errors, 1.0)

    @property
    def pair_accuracy(self) -> float:
        """The share of abseiling and rock climbing clips that are predicted correctly."""
        pair = [self.labels.index(label) for label in LOOKALIKE_PAIR]
        right = sum(int(self.confusion[i, i]) for i in pair)
        return right / max(int(self.confusion[pair].sum()), 1)


def write_card(path: Path, facts: TrainingFacts) -> None:
    """Write the model card as Markdown."""
    sections = (_summary(facts), _data(facts), _schedule(facts), _results(facts))
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _summary(facts: TrainingFacts) -> str:
    spec = facts.spec
    return (
        "# X3D for the demo library\n\n"
        f"A small X3D (`pytorchvideo.models.x3d.create_x3d`, "
        f"{facts.parameters:,} parameters) trained from scratch on rendered clips. It knows "
        f"{len(facts.labels)} labels in Kinetics-400 spelling: {', '.join(facts.labels)}. Input: "
        f"{spec.num_frames} frames of the first {spec.seconds:.2f} s, short side {spec.side} px, "
        f"centre {spec.crop} px. Output: logits.\n\n"
        "It is made to be analysed, not to be used: it was never trained on real videos."
    )


def _data(facts: TrainingFacts) -> str:
    recipe = facts.recipe
    return (
        "## Clips\n\n"
        f"- A library rendered with data seed {recipe.seed}, {recipe.clips_per_class} clips per "
        f"class; train split only ({facts.train_clips} clips). Demo libraries use other seeds.\n"
        "- The training set was screened: no title cards, no leaked or duplicated copies, no "
        "broken files. The model has not seen title cards before the demo.\n"
        "- Included: the selfie-stick clips (a shortcut that it may learn), the wrong labels "
        "(2 %), and the clips of abseiling and rock climbing that cannot be distinguished "
        "(20 % of each)."
    )


def _schedule(facts: TrainingFacts) -> str:
    recipe = facts.recipe
    stages = "; ".join(
        f"{s.epochs} epochs at {s.side} px, peak rate {s.peak_rate:g}" for s in recipe.stages
    )
    return (
        "## Training\n\n"
        f"AdamW, batch {recipe.batch_size}, weight decay {recipe.weight_decay:g}, label smoothing "
        f"{recipe.label_smoothing:g}, one-cycle learning rate per stage: {stages}. Augmentation: "
        f"mirroring, shifts of up to 8 px, brightness. {facts.minutes:.0f} minutes in total with "
        f"{facts.threads} threads ({facts.machine}), including rendering; other programs ran at "
        "the same time.\n\n"
        f"Made by `python -m insight_dagster.demo.model.training --seed {recipe.seed}`."
    )


def _results(facts: TrainingFacts) -> str:
    return (
        "## Val split\n\n"
        f"- accuracy, all {len(facts.labels)} labels: {facts.accuracy:.1%} "
        f"of {facts.val_clips} clips\n"
        f"- accuracy on the five demo classes: {facts.demo_accuracy:.1%}\n"
        f"- accuracy on abseiling and rock climbing alone: {facts.pair_accuracy:.1%}\n"
        f"- errors on demo clips that swap abseiling and rock climbing: {facts.pair_share:.0%}\n\n"
        "Rows are the labels of the clips, columns the predictions. Wrong labels count as "
        "errors.\n\n" + _table(facts)
    )


def _table(facts: TrainingFacts) -> str:
    head = "| label | " + " | ".join(str(n + 1) for n in range(len(facts.labels))) + " |"
    rule = "|---|" + "---:|" * len(facts.labels)
    rows = [
        f"| {number + 1} {label} | "
        + " | ".join(str(int(c)) for c in facts.confusion[number])
        + " |"
        for number, label in enumerate(facts.labels)
    ]
    return "\n".join([head, rule, *rows])
