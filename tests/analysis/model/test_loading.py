"""Loading a classifier: cache, fingerprint, weights and devices."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import torch
from pytorchvideo.models.hub.x3d import checkpoint_paths

from insight_dagster.analysis.model.label_list import kinetics_labels
from insight_dagster.analysis.model.loading import VARIANTS, pick_device
from insight_dagster.analysis.model.x3d import (
    build_x3d,
)
from insight_dagster.errors import ModelError, WeightsUnavailableError
from tests.support.model_clips import (
    LABELS,
    labels_file,
    load_model,
    save_checkpoint,
    trained_network,
)


def test_loads_once_per_process_until_the_file_changes(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt")
    first = load_model(tmp_path, weights=str(path))
    assert load_model(tmp_path, weights=str(path)) is first
    save_checkpoint(path, model_state=trained_network(seed=8).state_dict())
    os.utime(path, ns=(1, 1))
    second = load_model(tmp_path, weights=str(path))
    assert second is not first and second.fingerprint != first.fingerprint


def test_fingerprint_names_variant_weights_labels_and_preprocessing(tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "w.pt")
    base = load_model(tmp_path, weights=str(path)).fingerprint
    other_labels = labels_file(tmp_path, ["a", "b", "c"])
    assert base.startswith("x3d_demo-") and "random" not in base
    assert load_model(tmp_path, weights=str(path), labels=other_labels).fingerprint != base
    monkeypatch.setattr("insight_dagster.analysis.model.loading.PREPROCESSING_VERSION", "next")
    os.utime(path, ns=(1, 1))
    assert load_model(tmp_path, weights=str(path)).fingerprint == f"{base.rsplit('-', 1)[0]}-pnext"


def test_random_weights_are_marked_seeded_and_leave_the_generator_alone(tmp_path):
    labels = labels_file(tmp_path, LABELS)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = load_model(tmp_path, labels=labels, seed=1)
    assert torch.rand(1) == expected
    two = load_model(tmp_path, labels=labels, seed=2)
    assert one.random_weights and one.fingerprint.endswith("-random-1")
    assert one.fingerprint.split("-")[1] != two.fingerprint.split("-")[1]
    assert load_model(tmp_path, labels=labels, seed=1).fingerprint == one.fingerprint


def test_a_checkpoint_may_change_the_spec(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt", spec={"sampling_rate": 4, "mean": [0.5, 0.5, 0.5]})
    model = load_model(tmp_path, weights=str(path))
    assert model.spec == replace(VARIANTS["demo"].spec, sampling_rate=4, mean=(0.5, 0.5, 0.5))
    assert not model.random_weights and model.labels == LABELS


def test_pretrained_takes_a_file_copied_to_the_folder_and_verifies_it_later(tmp_path):
    state = build_x3d(VARIANTS["xs"], classes=400).state_dict()
    path = tmp_path / "X3D_XS.pyth"
    torch.save({"model_state": state}, path)
    model = load_model(tmp_path, variant="xs", weights="pretrained")
    assert model.labels == kinetics_labels() and not model.random_weights
    assert (tmp_path / "X3D_XS.pyth.sha256").is_file()
    state["blocks.5.proj.bias"] += 1
    torch.save({"model_state": state}, path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="damaged or was replaced"):
        load_model(tmp_path, variant="xs", weights="pretrained")


def test_pretrained_offline_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setitem(checkpoint_paths, "x3d_m", "http://127.0.0.1:9/zoo/X3D_M.pyth")
    with pytest.raises(WeightsUnavailableError) as caught:
        load_model(tmp_path / "weights", variant="m", weights="pretrained")
    message = str(caught.value)
    assert all(part in message for part in ("127.0.0.1:9/zoo", "X3D_M.pyth", str(tmp_path)))


@pytest.mark.parametrize("name", ["cuda:99", "toaster", ""])
def test_missing_devices_are_one_clear_error(name):
    with pytest.raises(ModelError, match=f"device '{name}' cannot be used"):
        pick_device(name)


def test_auto_is_cuda_where_there_is_one():
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
