"""Training of the demo model: the loss falls, clips equal the analysis's input, weights load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics

from insight_dagster.analysis.decoding import decode_window
from insight_dagster.analysis.model.loading import load_classifier
from insight_dagster.analysis.model.preprocessing import preprocess
from insight_dagster.analysis.model.x3d import build_x3d, variant_named
from insight_dagster.demo.classes import DEMO_CLASSES, DISTRACTOR_CLASSES
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.demo.model.checkpoint import DEMO_CHECKPOINT
from insight_dagster.demo.model.model_card import TrainingFacts, write_card
from insight_dagster.demo.model.recipe import Recipe, Stage
from insight_dagster.demo.model.training import confusion_matrix, predict, save_checkpoint, train
from insight_dagster.demo.model.training_data import ClipTensors, augment, load_split, to_input
from insight_dagster.settings.model_spec import ModelSpec

SPEC = variant_named("demo").spec
LABELS = ("disc golfing", "snowboarding")


@pytest.fixture(scope="module")
def clean_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("training") / "library"
    make_library(
        root, seed=2, clips_per_class=2, workers=1, classes=LABELS, faults=FaultShares.none()
    )
    return root


@pytest.fixture(scope="module")
def clips(clean_root: Path) -> ClipTensors:
    return load_split(clean_root, "train", labels=LABELS, spec=SPEC)


def test_clips_are_the_products_input(clean_root: Path, clips: ClipTensors) -> None:
    window = decode_window(
        clean_root / clips.paths[1], start=0.0, seconds=SPEC.seconds, num_frames=SPEC.num_frames
    )
    batch = to_input(clips.pixels[1:2], SPEC)
    # Half a grey level of rounding, because the decoded clips are stored as bytes.
    assert batch[0].numpy() == pytest.approx(preprocess(window.frames, SPEC).numpy(), abs=0.009)


def test_targets_follow_the_label_list(clips: ClipTensors) -> None:
    assert [LABELS[target] for target in clips.targets] == [
        path.split("/")[1] for path in clips.paths
    ]


def test_augmented_clips_are_other_views_of_the_same(clips: ClipTensors) -> None:
    views = [augment(clips.pixels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert views[0].shape == clips.pixels.shape
    difference = (views[0].float() - clips.pixels.float()).abs().mean()
    assert 1 < difference < 70


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Use one thread: two give other sums, and wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_training_learns_its_clips_and_is_reproducible(
    clips: ClipTensors, one_thread: None, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe(seed=1, batch_size=4, stages=(Stage(32, 12, 3e-3),))
    models = [train(clips, labels=LABELS, spec=SPEC, recipe=recipe) for _ in range(2)]
    states = [model.state_dict() for model in models]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    losses = [
        float(line.split("loss ")[1].split(",")[0])
        for line in capsys.readouterr().out.split("\n")
        if line
    ]
    assert losses[:12] == losses[12:]
    assert sum(losses[9:12]) < 0.6 * sum(losses[:3])


def test_confusion_matrix_equals_scikit_learns() -> None:
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 4)))
    targets = torch.arange(50) % 4
    expected = metrics.confusion_matrix(targets, logits.argmax(1))
    assert np.array_equal(confusion_matrix(logits, targets), expected)


def test_saved_weights_load_in_the_classifier(tmp_path: Path, clips: ClipTensors) -> None:
    torch.manual_seed(0)
    model = build_x3d(variant_named("demo"), classes=2).eval()
    save_checkpoint(tmp_path / "w.pt", model, labels=LABELS, spec=SPEC)
    weights = str(tmp_path / "w.pt")
    classifier = load_classifier(
        ModelSpec(variant="demo", weights=weights, weights_folder=tmp_path, device="cpu")
    )
    assert classifier.labels == LABELS
    logits = classifier.predict(to_input(clips.pixels[:2], SPEC)).logits
    part = ClipTensors(clips.pixels[:2], clips.targets[:2], clips.paths[:2])
    assert logits == pytest.approx(predict(model, part, SPEC).numpy(), abs=1e-3)


def test_shipped_weights_know_the_demo_classes(tmp_path: Path) -> None:
    assert DEMO_CHECKPOINT.stat().st_size <= 8e6
    weights = str(DEMO_CHECKPOINT)
    classifier = load_classifier(
        ModelSpec(variant="demo", weights=weights, weights_folder=tmp_path, device="cpu")
    )
    assert classifier.labels == tuple(sorted(DEMO_CLASSES + DISTRACTOR_CLASSES))
    assert not classifier.random_weights


def test_the_card_states_what_was_measured(tmp_path: Path) -> None:
    labels = tuple(sorted(DEMO_CLASSES))
    confusion = torch.diag(torch.tensor([6, 10, 10, 8, 10]))
    confusion[0, 3], confusion[3, 0], confusion[3, 1] = 4, 1, 1
    facts = TrainingFacts(
        recipe=Recipe(), labels=labels, spec=SPEC, confusion=confusion, train_clips=200,
        val_clips=50, parameters=1234, minutes=3.2, threads=1, machine="a machine",
    )  # fmt: skip
    assert facts.accuracy == facts.demo_accuracy == pytest.approx(0.88)
    assert facts.pair_share == pytest.approx(5 / 6)
    assert facts.pair_accuracy == pytest.approx(14 / 20)
    write_card(tmp_path / "card.md", facts)
    text = (tmp_path / "card.md").read_text()
    assert "88.0%" in text and "1,234 parameters" in text and "data seed 1000" in text
    assert "| 4 rock climbing | 1 | 1 | 0 | 8 | 0 |" in text
