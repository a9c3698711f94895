"""The X3D as a classifier: numbers against the plain network, and every way it can be misused."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from pytorchvideo.models.hub.x3d import checkpoint_paths
from pytorchvideo.models.x3d import create_x3d

from insight_dagster.analysis.model.checkpoint import kinetics_labels, read_labels
from insight_dagster.analysis.model.loading import VARIANTS, load_classifier, pick_device
from insight_dagster.analysis.model.onednn import speed_up
from insight_dagster.analysis.model.video_classifier import ModelOutput
from insight_dagster.analysis.model.x3d import (
    build_x3d,
    fuse_batch_norms,
    variant_named,
    zoo_address,
)
from insight_dagster.errors import ModelError, WeightsUnavailableError
from insight_dagster.settings.model_spec import ModelSpec, VariantName
from tests.support.model_clips import LABELS, demo_classifier, save_checkpoint, trained_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def classifier(folder):
    return demo_classifier(folder)


@pytest.fixture(scope="module")
def batch():
    return torch.randn(3, 3, 16, 112, 112, generator=torch.Generator().manual_seed(1))


def load(folder, **arguments):
    given = {"weights": "random", "weights_folder": folder, "device": "cpu"}
    return load_classifier(ModelSpec(**given | arguments))


def labels_file(folder, labels, name="labels.txt"):
    path = folder / name
    path.write_text("\n".join(labels) + "\n", encoding="utf-8")
    return path


# numbers


def test_logits_are_those_of_the_plain_network(classifier, batch):
    with torch.no_grad():
        expected = trained_network()(batch).numpy()
    np.testing.assert_allclose(classifier.predict(batch).logits, expected, atol=1e-5 * 3)


def test_the_zoo_network_ends_in_the_softmax_of_our_logits(batch):
    # One position in the head, so that the zoo's mean of softmaxes is the softmax of the mean.
    zoo = create_x3d(model_num_class=3, **VARIANTS["demo"].model_kwargs).eval()
    zoo.load_state_dict(trained_network().state_dict())
    with torch.no_grad():
        probabilities = zoo(batch)
        logits = trained_network()(batch)
    torch.testing.assert_close(probabilities, logits.softmax(dim=1), atol=1e-6, rtol=0)
    assert not torch.allclose(logits.sum(dim=1), torch.ones(3), atol=0.1)


def test_embedding_is_the_pooled_taps_in_order(classifier, batch):
    network, kept = trained_network(), []
    for module in (network.blocks[3], network.blocks[4], network.blocks[5].pool):
        module.register_forward_hook(lambda _, __, out: kept.append(out.mean(dim=(2, 3, 4))))
    with torch.no_grad():
        network(batch)
    embedding = classifier.predict(batch).embedding
    np.testing.assert_allclose(embedding, torch.cat(kept, dim=1).numpy(), atol=1e-5)
    assert classifier.taps == (("blocks.3", 48), ("blocks.4", 96), ("blocks.5.pool", 512))
    assert embedding.shape == (3, classifier.dimension) and embedding.dtype == np.float32


def test_a_clip_gets_the_same_bits_in_any_batch(classifier, batch):
    together, alone = classifier.predict(batch.flip(0)), classifier.predict(batch[:1])
    np.testing.assert_array_equal(together.logits[2], alone.logits[0])
    np.testing.assert_array_equal(together.embedding[2], alone.embedding[0])


@pytest.mark.parametrize("strided", [torch.contiguous_format, torch.channels_last_3d])
def test_the_faster_form_leaves_every_block_output_in_place(batch, strided):
    plain, fast = trained_network(), speed_up(fuse_batch_norms(trained_network()))
    kinds = [type(module) for module in fast.modules()]
    assert torch.nn.BatchNorm3d not in kinds
    assert torch.nn.Conv3d not in kinds
    with torch.no_grad():
        theirs = batch[:2]
        ours = theirs.contiguous(memory_format=strided)
        for number in range(6):
            ours, theirs = fast.blocks[number](ours), plain.blocks[number](theirs)
            assert ours.shape == theirs.shape
            assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max(), f"block {number}"


@pytest.mark.parametrize("name", ["xs", "s", "m", "l"])
def test_variants_have_the_zoos_parameters(name):
    hub = __import__("pytorchvideo.models.hub.x3d", fromlist=[name])
    theirs = getattr(hub, f"x3d_{name}")().state_dict()
    ours = build_x3d(VARIANTS[name], classes=400).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    assert zoo_address(VARIANTS[name]) == checkpoint_paths[f"x3d_{name}"]


def test_a_zoo_variant_runs_at_its_own_size(folder):
    model = load(folder, variant="xs")
    spec = model.spec
    assert (spec.num_frames, spec.sampling_rate, spec.side, spec.crop) == (4, 12, 182, 182)
    output = model.predict(torch.zeros(1, 3, 4, 182, 182))
    assert output.logits.shape == (1, 400) and output.embedding.shape == (1, 96 + 192 + 2048)
    assert model.labels == kinetics_labels() and model.random_weights


def test_kinetics_labels_are_400_in_alphabetical_index_order():
    labels = kinetics_labels()
    assert len(labels) == 400 and labels == tuple(sorted(labels))
    # Archery is 5 in the example of PyTorch Hub's X3D page.
    assert (labels[0], labels[5], labels[399]) == ("abseiling", "archery", "zumba")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((3, 16, 112, 112), torch.float32), ((1, 3, 8, 112, 112), torch.float32),
     ((0, 3, 16, 112, 112), torch.float32), ((1, 3, 16, 112, 112), torch.float64)],
)  # fmt: skip
def test_batches_of_another_shape_or_type_are_refused(classifier, shape, dtype):
    with pytest.raises(ValueError, match="batch must be"):
        classifier.predict(torch.zeros(shape, dtype=dtype))


def test_output_that_is_not_finite_is_an_error():
    with pytest.raises(ModelError, match="not finite"):
        ModelOutput(np.array([[np.nan]], np.float32), np.zeros((1, 2), np.float32))


# loading


def test_loads_once_per_process_until_the_file_changes(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt")
    first = load(tmp_path, weights=str(path))
    assert load(tmp_path, weights=str(path)) is first
    save_checkpoint(path, model_state=trained_network(seed=8).state_dict())
    os.utime(path, ns=(1, 1))
    second = load(tmp_path, weights=str(path))
    assert second is not first and second.fingerprint != first.fingerprint


def test_fingerprint_names_variant_weights_labels_and_preprocessing(tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "w.pt")
    base = load(tmp_path, weights=str(path)).fingerprint
    other_labels = labels_file(tmp_path, ["a", "b", "c"])
    assert base.startswith("x3d_demo-") and "random" not in base
    assert load(tmp_path, weights=str(path), labels=other_labels).fingerprint != base
    monkeypatch.setattr("insight_dagster.analysis.model.loading.PREPROCESSING_VERSION", "next")
    os.utime(path, ns=(1, 1))
    assert load(tmp_path, weights=str(path)).fingerprint == f"{base.rsplit('-', 1)[0]}-pnext"


def test_random_weights_are_marked_seeded_and_leave_the_generator_alone(tmp_path):
    labels = labels_file(tmp_path, LABELS)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = load(tmp_path, labels=labels, seed=1)
    assert torch.rand(1) == expected
    two = load(tmp_path, labels=labels, seed=2)
    assert one.random_weights and one.fingerprint.endswith("-random-1")
    assert one.fingerprint.split("-")[1] != two.fingerprint.split("-")[1]
    assert load(tmp_path, labels=labels, seed=1).fingerprint == one.fingerprint


def test_a_checkpoint_may_change_the_spec(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt", spec={"sampling_rate": 4, "mean": [0.5, 0.5, 0.5]})
    model = load(tmp_path, weights=str(path))
    assert model.spec == replace(VARIANTS["demo"].spec, sampling_rate=4, mean=(0.5, 0.5, 0.5))
    assert not model.random_weights and model.labels == LABELS


@pytest.mark.parametrize("spec", [{"frames": 3}, {"crop": 999}, {"side": "wide"}, [1, 2]])
def test_an_impossible_spec_is_one_clear_error(tmp_path, spec):
    path = save_checkpoint(tmp_path / "w.pt", spec=spec)
    with pytest.raises(ModelError, match=r"`spec` in checkpoint .*w\.pt"):
        load(tmp_path, weights=str(path))


def test_pretrained_takes_a_file_copied_to_the_folder_and_verifies_it_later(tmp_path):
    state = build_x3d(VARIANTS["xs"], classes=400).state_dict()
    path = tmp_path / "X3D_XS.pyth"
    torch.save({"model_state": state}, path)
    model = load(tmp_path, variant="xs", weights="pretrained")
    assert model.labels == kinetics_labels() and not model.random_weights
    assert (tmp_path / "X3D_XS.pyth.sha256").is_file()
    state["blocks.5.proj.bias"] += 1
    torch.save({"model_state": state}, path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="damaged or was replaced"):
        load(tmp_path, variant="xs", weights="pretrained")


def test_pretrained_offline_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setitem(checkpoint_paths, "x3d_m", "http://127.0.0.1:9/zoo/X3D_M.pyth")
    with pytest.raises(WeightsUnavailableError) as caught:
        load(tmp_path / "weights", variant="m", weights="pretrained")
    message = str(caught.value)
    assert all(part in message for part in ("127.0.0.1:9/zoo", "X3D_M.pyth", str(tmp_path)))


def test_the_demo_variant_has_no_zoo_weights(tmp_path):
    with pytest.raises(ModelError, match="no weights for the demo variant"):
        load(tmp_path, weights="pretrained")


def test_unknown_variants_are_named_with_the_known_ones():
    assert set(VARIANTS) == set(get_args(VariantName))
    with pytest.raises(ModelError, match=r"'xl'.*xs, s, m, l, demo"):
        variant_named("xl")


@pytest.mark.parametrize("name", ["cuda:99", "toaster", ""])
def test_missing_devices_are_one_clear_error(name):
    with pytest.raises(ModelError, match=f"device '{name}' cannot be used"):
        pick_device(name)


def test_auto_is_cuda_where_there_is_one():
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


# files that cannot be used


def written(path, content):
    path.write_bytes(content)
    return path


def truncated(tmp_path):
    whole = save_checkpoint(tmp_path / "whole.pt").read_bytes()
    return written(tmp_path / "bad.pt", whole[: len(whole) // 2])


def flipped(tmp_path):
    whole = bytearray(save_checkpoint(tmp_path / "whole.pt").read_bytes())
    whole[40:80] = bytes(40)
    return written(tmp_path / "bad.pt", bytes(whole))


def other_architecture(tmp_path):
    state = trained_network().state_dict()
    state["blocks.1.res_blocks.0.branch2.conv_a.weight"] = torch.zeros(5, 5, 1, 1, 1)
    return save_checkpoint(tmp_path / "bad.pt", model_state=state)


def lacking_tensor(tmp_path):
    state = trained_network().state_dict()
    del state["blocks.0.norm.weight"]
    return save_checkpoint(tmp_path / "bad.pt", model_state=state)


def not_finite(tmp_path):
    state = trained_network().state_dict()
    state["blocks.0.norm.weight"][0] = float("inf")
    return save_checkpoint(tmp_path / "bad.pt", model_state=state)


def bare_tensor(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "bad.pt")
    return tmp_path / "bad.pt"


BAD_FILES = {
    "missing": (lambda folder: folder / "bad.pt", "does not exist"),
    "folder": (lambda folder: folder, "cannot be read"),
    "empty": (lambda folder: written(folder / "bad.pt", b""), "is empty"),
    "text": (lambda folder: written(folder / "bad.pt", b"hello " * 99), "not a checkpoint"),
    "truncated": (truncated, "truncated, damaged"),
    "flipped": (flipped, "truncated, damaged"),
    "bare tensor": (bare_tensor, "does not contain"),
    "no state": (
        lambda f: save_checkpoint(f / "bad.pt", model_state=None),
        "does not contain",
    ),
    "other architecture": (other_architecture, r"\(5, 5, 1, 1, 1\) instead of"),
    "lacking tensor": (lacking_tensor, "lacks blocks.0.norm.weight"),
    "not finite": (not_finite, "not finite in blocks.0.norm.weight"),
    "other length": (lambda f: save_checkpoint(f / "bad.pt", labels=["a", "b"]), "3 outputs.*2"),
    "no labels": (lambda f: save_checkpoint(f / "bad.pt", labels=None), "without labels"),
    "twice": (lambda f: save_checkpoint(f / "bad.pt", labels=["a", "b", "a"]), "more than once"),
    "labels text": (lambda f: save_checkpoint(f / "bad.pt", labels="abc"), "list of strings"),
    "labels numbers": (lambda f: save_checkpoint(f / "bad.pt", labels=[1, 2, 3]), "not a label"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_checkpoint_is_one_clear_error(tmp_path, case):
    make, pattern = BAD_FILES[case]
    path = make(tmp_path)
    with pytest.raises(ModelError, match=pattern) as caught:
        load(tmp_path, weights=str(path))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


class Hostile:
    """Creates a folder when it is unpickled unsafely."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def pickled(held, path):
    path.write_bytes(pickle.dumps(held, protocol=2))


@pytest.mark.parametrize("save", [torch.save, pickled])
def test_a_hostile_checkpoint_runs_nothing(tmp_path, save):
    path, trap = tmp_path / "bad.pt", tmp_path / "trap"
    save({"model_state": Hostile(trap)}, path)
    with pytest.raises(ModelError, match=r"bad\.pt contains \S*mkdir.*refused") as caught:
        load(tmp_path, weights=str(path))
    assert "weights_only" not in str(caught.value)
    assert not trap.exists()


def test_a_zoo_checkpoint_of_another_variant_is_refused(tmp_path):
    state = build_x3d(VARIANTS["l"], classes=3).state_dict()
    path = save_checkpoint(tmp_path / "w.pt", model_state=state)
    with pytest.raises(ModelError, match="does not fit the X3D variant m"):
        load(tmp_path, variant="m", weights=str(path))


# label lists


def test_a_label_list_skips_empty_lines_and_reads_any_language(tmp_path):
    path = labels_file(tmp_path, ["﻿klettern", "", "登山", "  snow boarding "])
    assert read_labels(path) == ("klettern", "登山", "snow boarding")


@pytest.mark.parametrize(
    ("content", "pattern"),
    [(b"", "is empty"), (b"\n \n", "list of strings"), (b"a\xff\xfe", "UTF-8"), (b"a\na", "once")],
)
def test_a_bad_label_list_is_one_clear_error(tmp_path, content, pattern):
    path = written(tmp_path / "labels.txt", content)
    with pytest.raises(ModelError, match=pattern) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)


def test_a_label_list_of_another_length_is_one_clear_error(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt")
    labels = labels_file(tmp_path, ["a", "b", "c", "d"])
    with pytest.raises(ModelError, match=r"3 outputs, but label list .*labels\.txt has 4"):
        load(tmp_path, weights=str(path), labels=labels)
