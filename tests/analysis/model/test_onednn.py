"""Faster layers: the same outputs, block by block."""

from __future__ import annotations

import pytest
import torch

from insight_dagster.analysis.model.onednn import speed_up
from insight_dagster.analysis.model.x3d import (
    fuse_batch_norms,
)
from tests.support.model_clips import trained_network


@pytest.fixture(scope="module")
def batch():
    return torch.randn(3, 3, 16, 112, 112, generator=torch.Generator().manual_seed(1))


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
