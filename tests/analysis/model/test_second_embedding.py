"""A second embedding: from files and functions, into vectors, fingerprint and latent space."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from insight_dagster.analysis.latent_space.fitting import fit_latent_space
from insight_dagster.analysis.model.loading import VideoClassifier, load_classifier
from insight_dagster.analysis.model.second_embedding import load_second_embedding
from insight_dagster.errors import LatentSpaceError, ModelError
from insight_dagster.settings.model_spec import ModelSpec

CPU = torch.device("cpu")
SHAPE = (1, 3, 16, 112, 112)


class Colours(nn.Module):
    """Mean colour of a clip, mixed by fixed weights."""

    def __init__(self, width: int = 5) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.mix = nn.Linear(3, width)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.mix(clips.mean(dim=(2, 3, 4)))


def script(module: nn.Module, path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(module).save(str(path))
    return str(path)


def load(folder: Path, **changes) -> VideoClassifier:
    labels = folder / "labels.txt"
    labels.write_text("a\nb\nc\n")
    given = {"weights": "random", "weights_folder": folder, "labels": labels, "device": "cpu"}
    return load_classifier(ModelSpec(**given, **changes))


@pytest.fixture(scope="module")
def clips() -> torch.Tensor:
    return torch.randn(3, *SHAPE[1:], generator=torch.Generator().manual_seed(2))


def test_a_second_embedding_is_the_last_layer_of_the_embedding(tmp_path, clips):
    source = script(Colours(), tmp_path / "colours.pt")
    alone, both = load(tmp_path), load(tmp_path, second_embedding=source)
    assert both.taps == (*alone.taps, ("second", 5))
    assert both.dimension == alone.dimension + 5
    ours, theirs = both.predict(clips), alone.predict(clips)
    assert np.array_equal(ours.logits, theirs.logits)
    assert np.array_equal(ours.embedding[:, :-5], theirs.embedding)
    wanted = Colours()(clips).detach().numpy()
    np.testing.assert_allclose(ours.embedding[:, -5:], wanted, atol=1e-6)


def test_a_second_embedding_changes_the_fingerprint(tmp_path):
    first = load(tmp_path, second_embedding=script(Colours(), tmp_path / "one.pt"))
    again = load(tmp_path, second_embedding=script(Colours(), tmp_path / "one.pt"))
    other = load(tmp_path, second_embedding=script(Colours(4), tmp_path / "two.pt"))
    prints = [each.fingerprint for each in (load(tmp_path), first, again, other)]
    assert prints[1] == prints[2]
    assert len(set(prints)) == 3


def test_a_function_may_return_the_second_embedding(tmp_path, clips, monkeypatch):
    (tmp_path / "our_features.py").write_text(
        "from tests.analysis.model.test_second_embedding import Colours\n"
        "def colours(): return Colours()\n"
        "def text(): return 'no module'\n"
        "def lost(): open('gone')\n"
        "def drawn(): import torch; return torch.nn.Sequential(\n"
        "    torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten(), torch.nn.Linear(3, 2))\n"
        "def half(): import torch; return torch.nn.Sequential(drawn().bfloat16(), Wide())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = load_second_embedding("our_features:colours", shape=SHAPE, device=CPU)
    np.testing.assert_allclose(made.run(clips), Colours()(clips).detach(), atol=1e-6)
    again = load_second_embedding("our_features:colours", shape=SHAPE, device=CPU)
    assert made.digest == again.digest
    drawn = [
        load_second_embedding("our_features:drawn", shape=SHAPE, device=CPU).digest
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1], "random weights are the seed's"
    wrongs = ("our_features:text", "our_features:gone", "our_features:lost", "our_features:half")
    for wrong in (*wrongs, "no_such_package:colours"):
        with pytest.raises(ModelError, match=wrong.split(":", maxsplit=1)[0]):
            load_second_embedding(wrong, shape=SHAPE, device=CPU)


def field(number: int, value: bytes | str | int) -> bytes:
    """A protobuf field, short or of bytes."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    size, rest = [], len(data)
    while rest > 0x7F:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([number << 3 | 2, *size, rest]) + data


def colour_means_onnx() -> bytes:
    """An ONNX model, opset 13: the mean of every channel of a clip of any size."""

    def value(name: str, rank: int) -> bytes:
        dimensions = b"".join(field(1, field(2, f"{name}{axis}")) for axis in range(rank))
        tensor = field(1, 1) + field(2, dimensions)
        return field(1, name) + field(2, field(1, tensor))

    axes = field(1, "axes") + b"".join(field(8, axis) for axis in (2, 3, 4))
    axes += bytes([0xA0, 0x01, 7])  # type: INTS
    keep = field(1, "keepdims") + field(3, 0) + bytes([0xA0, 0x01, 2])  # type: INT
    node = field(1, "clips") + field(2, "means") + field(4, "ReduceMean")
    node += field(5, axes) + field(5, keep)
    graph = field(1, node) + field(2, "graph")
    graph += field(11, value("clips", 5)) + field(12, value("means", 2))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def test_an_onnx_file_may_be_the_second_embedding(tmp_path, clips):
    path = tmp_path / "means.onnx"
    path.write_bytes(colour_means_onnx())
    made = load_second_embedding(str(path), shape=SHAPE, device=CPU)
    assert made.width == 3
    np.testing.assert_allclose(made.run(clips), clips.mean(dim=(2, 3, 4)), atol=1e-5)


class Wrong(nn.Module):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return clips.mean(dim=1)


class Endless(nn.Module):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return clips.flatten(1)[:, :4] / 0


class Picky(nn.Module):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return clips.reshape(-1, 11, 13)


@pytest.mark.parametrize(
    ("module", "reason"),
    [(Wrong(), "returns .*, not vectors"), (Endless(), "not finite"), (Picky(), "fails on clips")],
)
def test_a_module_that_returns_no_vectors_is_refused_at_once(tmp_path, module, reason):
    source = script(module, tmp_path / "wrong.pt")
    with pytest.raises(ModelError, match=reason):
        load_second_embedding(source, shape=SHAPE, device=CPU)


@pytest.mark.parametrize("name", ["gone.pt", "gone.onnx", "text.pt", "text.onnx"])
def test_missing_and_invalid_files_are_refused(tmp_path, name):
    if name.startswith("text"):
        (tmp_path / name).write_text("no model")
    with pytest.raises(ModelError, match=name):
        load_second_embedding(str(tmp_path / name), shape=SHAPE, device=CPU)


def test_a_latent_space_may_be_fitted_on_some_layers_alone():
    rng = np.random.default_rng(0)
    taps = (("ours", 6), ("second", 4))
    vectors = rng.normal(size=(60, 10)).astype(np.float32)
    ids = [f"{number:02d}" for number in range(60)]
    space = fit_latent_space(vectors, ids, taps=taps, use=["second"])
    other = vectors.copy()
    other[:, :6] = rng.normal(size=(60, 6))
    np.testing.assert_array_equal(space.transform(vectors), space.transform(other))
    alone = fit_latent_space(vectors[:, 6:], ids, taps=taps[1:])
    np.testing.assert_allclose(space.coordinates[:, :4], alone.coordinates, atol=1e-6)
    with pytest.raises(
        LatentSpaceError, match="no layer third; set `taps` to names out of ours, sec"
    ):
        fit_latent_space(vectors, ids, taps=taps, use=["third"])
