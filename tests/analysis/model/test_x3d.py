"""X3D variants: parameters, geometry and weights of PyTorchVideo's model zoo."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from pytorchvideo.models.hub.x3d import checkpoint_paths

from insight_dagster.analysis.model.label_list import kinetics_labels
from insight_dagster.analysis.model.loading import VARIANTS
from insight_dagster.analysis.model.x3d import (
    build_x3d,
    variant_named,
    zoo_address,
)
from insight_dagster.errors import ModelError
from insight_dagster.settings.model_spec import VariantName
from tests.support.model_clips import (
    load_model,
)


@pytest.mark.parametrize("name", ["xs", "s", "m", "l"])
def test_variants_have_the_zoos_parameters(name):
    hub = __import__("pytorchvideo.models.hub.x3d", fromlist=[name])
    theirs = getattr(hub, f"x3d_{name}")().state_dict()
    ours = build_x3d(VARIANTS[name], classes=400).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    assert zoo_address(VARIANTS[name]) == checkpoint_paths[f"x3d_{name}"]


def test_a_zoo_variant_runs_at_its_own_size(tmp_path):
    model = load_model(tmp_path, variant="xs")
    spec = model.spec
    assert (spec.num_frames, spec.sampling_rate, spec.side, spec.crop) == (4, 12, 182, 182)
    output = model.predict(torch.zeros(1, 3, 4, 182, 182))
    assert output.logits.shape == (1, 400) and output.embedding.shape == (1, 96 + 192 + 2048)
    assert model.labels == kinetics_labels() and model.random_weights


def test_the_demo_variant_has_no_zoo_weights(tmp_path):
    with pytest.raises(ModelError, match="no weights for the demo variant"):
        load_model(tmp_path, weights="pretrained")


def test_unknown_variants_are_named_with_the_known_ones():
    assert set(VARIANTS) == set(get_args(VariantName))
    with pytest.raises(ModelError, match=r"'xl'.*xs, s, m, l, demo"):
        variant_named("xl")
