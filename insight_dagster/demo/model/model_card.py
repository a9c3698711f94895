"""The demo model's card: what it was trained on, how, and how well it does, as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.demo.classes import DEMO_CLASSES, LOOKALIKE_PAIR
from insight_dagster.demo.model.recipe import Recipe


@dataclass(frozen=True)
class TrainingFacts:
    """What happened in a training run; `confusion` counts (C, C), row = own label."""

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
        """Share of val clips of all classes that are predicted right."""
        return float(self.confusion.trace() / self.confusion.sum().clamp(min=1))

    @property
    def demo_accuracy(self) -> float:
        """The same over the val clips of the five demo classes."""
        rows = self.confusion[[self.labels.index(label) for label in DEMO_CLASSES]]
        right = sum(self.confusion[i, i] for i in map(self.labels.index, DEMO_CLASSES))
        return float(right / rows.sum().clamp(min=1))

    @property
    def pair_share(self) -> float:
        """Share of the errors on demo clips that swap abseiling and rock climbing."""
        first, second = (self.labels.index(label) for label in LOOKALIKE_PAIR)
        swapped = self.confusion[first, second] + self.confusion[second, first]
        rows = self.confusion[[self.labels.index(label) for label in DEMO_CLASSES]]
        errors = float(rows.sum()) * (1 - self.demo_accuracy)
        return float(swapped) / max(errors, 1.0)

    @property
    def pair_accuracy(self) -> float:
        """Share of the abseiling and rock climbing clips that are predicted right."""
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
        f"centre {spec.crop} px. Output: scores before the softmax.\n\n"
        "It is made to be analysed, not to be used: it has never seen a real video."
    )


def _data(facts: TrainingFacts) -> str:
    recipe = facts.recipe
    return (
        "## Clips\n\n"
        f"- A library rendered with data seed {recipe.seed}, {recipe.clips_per_class} clips per "
        f"class; train split only ({facts.train_clips} clips). Demo libraries use other seeds.\n"
        "- The training set was screened: no title cards, no leaked or duplicated copies, no "
        "broken files. The model meets title cards for the first time in the demo.\n"
        "- Left in: the selfie-stick clips (a shortcut it may learn), the wrong labels (2 %), and "
        "the clips of abseiling and rock climbing that cannot be told apart (20 % of each)."
    )


def _schedule(facts: TrainingFacts) -> str:
    recipe = facts.recipe
    stages = "; ".join(
        f"{s.epochs} epochs at {s.side} px, peak rate {s.peak_rate:g}" for s in recipe.stages
    )
    return (
        "## Training\n\n"
        f"AdamW, batch {recipe.batch_size}, weight decay {recipe.weight_decay:g}, label smoothing "
        f"{recipe.label_smoothing:g}, one-cycle rate per stage: {stages}. Augmentation: mirror, "
        f"shift up to 8 px, light. {facts.minutes:.0f} minutes in all with {facts.threads} threads "
        f"({facts.machine}), rendering included, other work running beside it.\n\n"
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
        "Rows are the clips' labels, columns the predictions (wrong labels count as errors).\n\n"
        + _table(facts)
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
