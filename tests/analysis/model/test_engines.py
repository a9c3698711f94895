"""Engines against each other: the same numbers, to the tolerance that each states."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from insight_dagster.analysis.model import engines
from insight_dagster.analysis.model.engines import choose_engine
from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.errors import ModelError
from insight_dagster.settings.model_spec import ModelSpec
from tests.support.model_clips import save_checkpoint

CPU = torch.device("cpu")
LOGITS = 1e-3
"""Largest difference of a logit between engines in float32."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    save_checkpoint(made / "trained.pt")
    return made


def load(folder: Path, engine: str, precision: str = "float32") -> VideoClassifier:
    given = {"weights": str(folder / "trained.pt"), "weights_folder": folder, "device": "cpu"}
    return load_classifier(ModelSpec(**given, engine=engine, precision=precision))


def clips(spec, count: int = 3) -> torch.Tensor:
    made = torch.Generator().manual_seed(5)
    return torch.randn(count, 3, spec.num_frames, spec.crop, spec.crop, generator=made)


def test_engines_agree_in_float32(folder):
    plain, fast = load(folder, "torch"), load(folder, "openvino")
    assert (plain.engine_name, fast.engine_name) == ("torch", "openvino")
    assert plain.fingerprint == fast.fingerprint, "the same model: what one computed serves both"
    batch = clips(plain.spec)
    ours, theirs = plain.predict(batch), fast.predict(batch)
    assert np.abs(ours.logits - theirs.logits).max() < LOGITS
    assert np.abs(ours.embedding - theirs.embedding).max() < LOGITS * np.abs(ours.embedding).max()
    assert np.array_equal(plain.last_stage(batch), fast.last_stage(batch)), "heatmaps are torch's"


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_bfloat16_is_close_and_has_its_own_fingerprint(folder, engine):
    exact, half = load(folder, engine), load(folder, engine, "bfloat16")
    assert half.fingerprint == f"{exact.fingerprint}-bfloat16"
    batch = clips(exact.spec, 6)
    ours, theirs = exact.predict(batch), half.predict(batch)
    spread = np.ptp(ours.logits)
    assert 0 < np.abs(ours.logits - theirs.logits).max() < 0.05 * spread
    assert theirs.logits.dtype == theirs.embedding.dtype == np.float32


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_a_clip_has_the_same_numbers_in_any_batch_and_thread(folder, engine):
    classifier = load(folder, engine)
    batch = clips(classifier.spec, 4)
    together = classifier.predict(batch)
    with ThreadPoolExecutor(3) as pool:
        alone = list(pool.map(lambda clip: classifier.predict(clip[None]), batch.flip(0)))[::-1]
    assert np.array_equal(together.logits, np.concatenate([each.logits for each in alone]))
    assert np.array_equal(together.embedding, np.concatenate([each.embedding for each in alone]))


def test_auto_chooses_openvino_on_a_cpu_where_it_is_installed(monkeypatch):
    cuda = torch.device("cuda")
    assert choose_engine("auto", CPU, "float32") == "openvino"
    assert choose_engine("auto", cuda, "float32") == "torch"
    with pytest.raises(ModelError, match="openvino runs on the CPU, not on cuda"):
        choose_engine("openvino", cuda, "float32")
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    assert choose_engine("auto", CPU, "float32") == "torch"
    with pytest.raises(ModelError, match=r"insight_dagster\[fast\]"):
        choose_engine("openvino", CPU, "float32")


@pytest.mark.parametrize("wrong", [("fast", "float32"), ("torch", "float16")])
def test_unknown_engines_and_precisions_are_named(wrong):
    with pytest.raises(ModelError, match="engines are auto, torch, openvino"):
        choose_engine(wrong[0], CPU, wrong[1])


def test_openvino_sends_no_telemetry():
    code = (
        "import sys; from insight_dagster.analysis.model.engines import _import_openvino\n"
        "_import_openvino()\n"
        "print(sorted(name for name in sys.modules if name.startswith('openvino_telemetry')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
