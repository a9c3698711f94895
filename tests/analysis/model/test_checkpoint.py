"""Checkpoint files and label lists: every way in which one can be unusable."""

from __future__ import annotations

import os
import pickle

import pytest
import torch

from insight_dagster.analysis.model.checkpoint import kinetics_labels, read_labels
from insight_dagster.analysis.model.loading import VARIANTS
from insight_dagster.analysis.model.x3d import (
    build_x3d,
)
from insight_dagster.errors import ModelError
from tests.support.model_clips import (
    labels_file,
    load_model,
    save_checkpoint,
    trained_network,
)


def test_kinetics_labels_are_400_in_alphabetical_index_order():
    labels = kinetics_labels()
    assert len(labels) == 400 and labels == tuple(sorted(labels))
    # Archery is 5 in the example of PyTorch Hub's X3D page.
    assert (labels[0], labels[5], labels[399]) == ("abseiling", "archery", "zumba")


@pytest.mark.parametrize("spec", [{"frames": 3}, {"crop": 999}, {"side": "wide"}, [1, 2]])
def test_an_impossible_spec_is_one_clear_error(tmp_path, spec):
    path = save_checkpoint(tmp_path / "w.pt", spec=spec)
    with pytest.raises(ModelError, match=r"`spec` in checkpoint .*w\.pt"):
        load_model(tmp_path, weights=str(path))


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
        load_model(tmp_path, weights=str(path), labels=labels)
