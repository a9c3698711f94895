"""Checkpoint files and label lists: every way in which one can be unusable."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import warnings
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from insight_dagster.analysis.model.checkpoint import HEAD_WEIGHT, read_checkpoint
from insight_dagster.analysis.model.loading import VARIANTS
from insight_dagster.analysis.model.model_file import check_archive
from insight_dagster.analysis.model.pretrained_weights import record, sha256_of
from insight_dagster.analysis.model.x3d import (
    build_x3d,
)
from insight_dagster.errors import ModelError
from tests.support.model_clips import (
    LABELS,
    labels_file,
    load_model,
    save_checkpoint,
    trained_network,
)


@pytest.mark.parametrize("spec", [{"frames": 3}, {"crop": 999}, {"side": "wide"}, [1, 2]])
def test_an_impossible_spec_is_one_clear_error(tmp_path, spec):
    path = save_checkpoint(tmp_path / "w.pt", spec=spec)
    with pytest.raises(ModelError, match=r"`spec` in checkpoint .*w\.pt"):
        load_model(tmp_path, weights=str(path))


def save_safetensors(path, prefix="", **metadata):
    state = {f"{prefix}{name}": each for name, each in trained_network().state_dict().items()}
    save_file(state, path, metadata=metadata)
    return path


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


def absurd(tmp_path):
    state = trained_network().state_dict()
    state["blocks.0.norm.weight"][0] = 2.0**100
    return save_checkpoint(tmp_path / "bad.pt", model_state=state)


def negative_variance(tmp_path):
    state = trained_network().state_dict()
    state["blocks.0.norm.running_var"][0] *= -1
    return save_checkpoint(tmp_path / "bad.pt", model_state=state)


def torchscript(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "bad.pt")
    return tmp_path / "bad.pt"


def exported(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as archive:  # as torch.export.save writes it
        archive.writestr("archive/archive_format", b"pt2")
        archive.writestr("archive/data/sample_inputs/model.pt", b"x")
    return tmp_path / "bad.pt2"


def other_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.pt", "w") as archive:
        archive.writestr("model.pt", b"x")
    return tmp_path / "bad.pt"


def whole_module(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "bad.pt")
    return tmp_path / "bad.pt"


def cut_safetensors(tmp_path):
    whole = save_safetensors(tmp_path / "whole.safetensors").read_bytes()
    return written(tmp_path / "bad.safetensors", whole[: len(whole) // 2])


def odd_safetensors(tmp_path):
    return save_safetensors(tmp_path / "bad.safetensors", labels="climb, dunk")


def other_names(tmp_path):
    torch.save({"state_dict": {"backbone.conv1.weight": torch.zeros(3)}}, tmp_path / "bad.pt")
    return tmp_path / "bad.pt"


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 15000000\n"


BAD_FILES = {
    "missing": (lambda folder: folder / "bad.pt", "does not exist"),
    "folder": (lambda folder: folder, "is a folder; give"),
    "empty": (lambda folder: written(folder / "bad.pt", b""), "is empty"),
    "text": (lambda folder: written(folder / "bad.pt", b"hello " * 99), "not a checkpoint"),
    "truncated": (truncated, "truncated, damaged"),
    "flipped": (flipped, "damaged"),
    "bare tensor": (bare_tensor, "contains no tensors of an X3D"),
    "no state": (
        lambda f: save_checkpoint(f / "bad.pt", model_state=None),
        r"contains no tensors of an X3D .*a dict of 1 beginning \['labels'\]",
    ),
    "other architecture": (other_architecture, r"\(5, 5, 1, 1, 1\) instead of"),
    "lacking tensor": (lacking_tensor, "lacks blocks.0.norm.weight"),
    "absurd": (absurd, "no training makes .* in blocks.0.norm.weight"),
    "negative variance": (negative_variance, "negative variance.* in blocks.0.norm.running_var"),
    "web page": (lambda f: written(f / "bad.pt", b"\n<!DOCTYPE html><p>Log in"), "is a web page"),
    "git-lfs pointer": (lambda f: written(f / "bad.pt", LFS), "git-lfs pointer.*git lfs pull"),
    "TorchScript": (torchscript, "TorchScript archive, which contains a program.*model_state"),
    "exported": (exported, "is a program of torch.export"),
    "onnx": (lambda f: written(f / "bad.onnx", b"\x08\x07pytorch" * 9), "is an ONNX model"),
    "keras": (lambda f: written(f / "bad.h5", b"\x89HDF\r\n\x1a\n" * 9), "Keras or HDF5"),
    "tensorflow": (lambda f: written(f / "saved_model.pb", b"\x08\x01" * 9), "a TensorFlow file"),
    "array": (lambda f: written(f / "bad.npy", b"\x93NUMPY" * 9), "is a NumPy array"),
    "gzip": (lambda f: written(f / "bad.gz", gzip.compress(b"x")), "compressed archive.*unpack"),
    "other zip": (other_zip, "a ZIP archive without tensors of torch"),
    "module": (whole_module, "contains .*, which is neither a tensor nor"),
    "safetensors cut": (cut_safetensors, "truncated, damaged"),
    "safetensors labels": (odd_safetensors, "truncated, damaged"),
    "other names": (other_names, "contains no tensors of an X3D .*beginning"),
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
        load_model(tmp_path, weights=str(path))
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
        load_model(tmp_path, weights=str(path))
    assert "weights_only" not in str(caught.value)
    assert not trap.exists()


def test_a_zoo_checkpoint_of_another_variant_is_refused(tmp_path):
    state = build_x3d(VARIANTS["l"], classes=3).state_dict()
    path = save_checkpoint(tmp_path / "w.pt", model_state=state)
    with pytest.raises(ModelError, match="does not fit the X3D variant m"):
        load_model(tmp_path, variant="m", weights=str(path))


def test_a_label_list_of_another_length_is_one_clear_error(tmp_path):
    path = save_checkpoint(tmp_path / "w.pt")
    labels = labels_file(tmp_path, ["a", "b", "c", "d"])
    with pytest.raises(ModelError, match=r"3 outputs, but label list .*labels\.txt has 4"):
        load_model(tmp_path, weights=str(path), labels=labels)


STATE = trained_network().state_dict()
GOOD_FORMS = {
    "bare": lambda: STATE,
    "state_dict": lambda: {"state_dict": STATE, "epoch": 3, "lr": 0.1},
    "lightning": lambda: {"state_dict": {f"model.{name}": each for name, each in STATE.items()}},
    "parallel": lambda: {"model_state": {f"module.{name}": each for name, each in STATE.items()}},
    "compiled": lambda: {f"_orig_mod.{name}": each for name, each in STATE.items()},
}


@pytest.mark.parametrize("form", GOOD_FORMS)
def test_the_usual_forms_of_a_checkpoint_hold_the_same_weights(tmp_path, form):
    torch.save(GOOD_FORMS[form](), tmp_path / "w.pt")
    state = read_checkpoint(tmp_path / "w.pt").state
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("prefix", ["", "model."])
def test_safetensors_are_read_with_labels_and_spec(tmp_path, prefix):
    path = save_safetensors(
        tmp_path / "w.safetensors",
        prefix=prefix,
        labels=json.dumps(LABELS),
        spec=json.dumps({"num_frames": 8}),
        format="pt",
    )
    model = load_model(tmp_path, weights=str(path))
    assert (model.labels, model.spec.num_frames) == (LABELS, 8)
    assert torch.equal(read_checkpoint(path).state[HEAD_WEIGHT], STATE[HEAD_WEIGHT])


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_in_the_numbers_is_noticed(tmp_path, seed):
    path = save_checkpoint(tmp_path / "w.pt")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = max(archive.infolist(), key=lambda each: each.file_size)
        start = archive.open(part)._orig_compress_start
    where = torch.randint(part.file_size, (), generator=torch.Generator().manual_seed(seed))
    content[start + int(where)] ^= 1 << seed % 8
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)["model_state"], "torch reads it without an error"
    with pytest.raises(ModelError, match="is damaged in its part .*data/"):
        load_model(tmp_path, weights=str(path))


def test_a_checkpoint_written_without_checksums_is_read(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        path = save_checkpoint(tmp_path / "w.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert load_model(tmp_path, weights=str(path)).labels == LABELS
    assert not check_archive(path, path.read_bytes())


def test_a_flipped_bit_is_noticed_where_a_checksum_is_recorded(tmp_path):
    path = save_safetensors(tmp_path / "w.safetensors", labels=json.dumps(LABELS))
    record(path, sha256_of(path.read_bytes()))
    load_model(tmp_path, weights=str(path))
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or was replaced"):
        load_model(tmp_path, weights=str(path))
