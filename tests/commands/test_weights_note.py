"""What a person is told about a file of weights."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from safetensors.torch import save_file

from insight_dagster.analysis.model.pretrained_weights import record, sha256_of
from insight_dagster.commands.console import Console
from insight_dagster.commands.run.weights_note import note_changed_weights, weights_checked
from insight_dagster.settings import load_settings
from tests.support.model_clips import save_checkpoint, trained_network


def test_the_doctor_knows_what_checks_the_weights(tmp_path):
    torch_file = save_checkpoint(tmp_path / "w.pt")
    assert "checksums of its parts (CRC-32) match" in weights_checked(torch_file)
    bare = tmp_path / "w.safetensors"
    save_file(trained_network().state_dict(), bare)
    sentence = weights_checked(bare)
    assert sentence.startswith("no checksum is recorded")
    assert f"cd {tmp_path} && sha256sum w.safetensors > w.safetensors.sha256" in sentence
    digest = sha256_of(bare.read_bytes())
    named = bare.rename(tmp_path / f"w-{digest[:8]}.safetensors")
    assert weights_checked(named) == "its name carries its SHA-256"
    record(torch_file, sha256_of(torch_file.read_bytes()))
    assert weights_checked(torch_file) == "its SHA-256 is that of w.pt.sha256"


@pytest.mark.parametrize("kept", ["", "{", "[]"])
def test_weights_that_changed_under_their_path_are_said_once(tmp_path, kept):
    settings = load_settings(home=tmp_path)
    settings.folders.weights.mkdir()
    (settings.folders.weights / "used.json").write_text(kept)

    def said(name, digest):
        out = io.StringIO()
        model = SimpleNamespace(weights_file=tmp_path / name, fingerprint=f"x3d_m-{digest}-l-p1")
        note_changed_weights(settings, model, Console(file=out))
        return out.getvalue()

    assert said("a.pt", "1111") == said("b.pt", "2222") == said("a.pt", "1111") == ""
    note = said("a.pt", "3333")
    assert "a.pt is not what this home last used" in note and "1111... then, 3333... now" in note
    assert said("a.pt", "3333") == said("b.pt", "2222") == ""
