"""Reading of stored volumes: not from other folders, not if damaged, and placed in the picture."""

import numpy as np
import pytest

from insight_dagster.analysis.heatmaps.heatmap_volumes import (
    HeatmapVolume,
    on_whole_picture,
    read_volume,
)
from insight_dagster.analysis.model.preprocessing import ClipSpec


def test_a_heatmap_lies_where_the_model_looked():
    spec = ClipSpec(4, 12, side=100, crop=50)
    whole = on_whole_picture(np.ones((8, 8), np.float32), spec, height=200, width=400, short=32)
    assert whole.shape == (32, 64)
    assert (whole[8:24, 24:40] == 255).all()
    assert whole.sum() == 255 * 16 * 16
    thin = on_whole_picture(np.ones((8, 8), np.float32), spec, height=1, width=10**6, short=32)
    assert thin.shape == (32, 512)


def test_a_volume_path_must_not_lead_outside_and_may_be_broken(tmp_path):
    (tmp_path / "heatmaps").mkdir()
    np.savez(tmp_path / "outside.npz", volume=np.ones((2, 4, 4), np.float16))
    (tmp_path / "heatmaps" / "broken.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "heatmaps" / "link.npz").symlink_to(tmp_path / "outside.npz")
    np.savez(tmp_path / "heatmaps" / "flat.npz", volume=np.ones((4, 4), np.float16))
    for name in ("../outside", "heatmaps/../outside", "heatmaps/broken", "heatmaps/link"):
        assert read_volume(tmp_path, f"{name}.npz") is None
    assert read_volume(tmp_path, "heatmaps/flat.npz") is None
    with pytest.raises(ValueError, match="2 frames need as many timestamps or none"):
        HeatmapVolume(np.ones((2, 4, 4), np.float32), np.zeros(3))


def test_no_damage_to_a_volume_raises(tmp_path):
    (tmp_path / "heatmaps").mkdir()
    path = tmp_path / "heatmaps" / "a.npz"
    rng = np.random.default_rng(0)
    np.savez_compressed(path, volume=rng.random((4, 8, 8)).astype(np.float16))
    whole = path.read_bytes()
    unreadable = 0
    for at in range(0, len(whole), 2):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        unreadable += read_volume(tmp_path, "heatmaps/a.npz") is None
    assert unreadable > 20
