"""The X3D as a classifier: its numbers compared with the plain network's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorchvideo.models.x3d import create_x3d

from insight_dagster.analysis.model.loading import VARIANTS
from insight_dagster.analysis.model.video_classifier import ModelOutput
from insight_dagster.errors import ModelError
from tests.support.model_clips import demo_classifier, trained_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def classifier(folder):
    return demo_classifier(folder)


@pytest.fixture(scope="module")
def batch():
    return torch.randn(3, 3, 16, 112, 112, generator=torch.Generator().manual_seed(1))


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
