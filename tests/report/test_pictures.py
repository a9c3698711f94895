"""Pictures of a site: thumbnails, contact sheets and heatmaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.site import write_site


def test_thumbnails_are_middle_frames_in_order(make_data) -> None:
    data = make_data(clips=300)
    site = data.home / "site"
    pictures = Pictures(site, data.home)
    keys = joined_clips(data)["content_key"].tolist()
    assert pictures.sheets(keys).all()
    atlases = pictures.thumbnails(keys)
    assert len(atlases) == 2
    atlas = cv2.imread(str(site / atlases[1]))
    sheet = cv2.imread(str(data.home / "sheets" / keys[256][:2] / f"{keys[256]}.jpg"))
    expected = cv2.resize(sheet[256:384, :128], (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(atlas[:64, :64].astype(int) - expected).mean() < 6


def test_a_heatmap_lies_over_its_frame(tmp_path: Path) -> None:
    (tmp_path / "heatmaps").mkdir()
    volume = np.zeros((16, 64, 64), np.float16)
    volume[5, :, 32:] = 1
    np.savez(tmp_path / "heatmaps" / "a.npz", volume=volume)
    pictures = Pictures(tmp_path / "site", tmp_path)
    heat = cv2.imread(
        str(tmp_path / "site" / pictures.heat("heatmaps/a.npz")), cv2.IMREAD_UNCHANGED
    )
    assert heat.shape == (512, 512, 4)
    assert heat[128:256, 200:250, 3].min() > 190
    assert heat[..., 3].astype(int).sum() == pytest.approx(
        heat[128:256, 128:256, 3].astype(int).sum(), rel=0.02
    )


def test_paths_that_lead_outside_and_broken_files_are_left_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "heatmaps").mkdir(parents=True)
    np.savez(tmp_path / "secret.npz", volume=np.ones((16, 8, 8), np.float16))
    (home / "heatmaps" / "link.npz").symlink_to(tmp_path / "secret.npz")
    (home / "heatmaps" / "broken.npz").write_bytes(b"no archive")
    pictures = Pictures(tmp_path / "site", home)
    names = ("../secret.npz", str(tmp_path / "secret.npz"), "heatmaps/../../secret.npz",
             "heatmaps/link.npz", "heatmaps/none.npz", "heatmaps/broken.npz")  # fmt: skip
    assert [pictures.heat(name) for name in names] == [None] * len(names)
    assert pictures.average(names) is None
    assert not pictures.sheets(["../../etc", "", "nothex"]).any()
    assert pictures.used == set()


def test_a_sheet_that_was_drawn_again_is_shown_anew(make_data) -> None:
    data = make_data(clips=5)
    site = write_site(data, data.home / "report").parent
    sheet = next((data.home / "sheets").rglob("*.jpg"))
    shown = next(site.glob(f"sheets/*/{sheet.name}"))
    atlases = set(site.glob("thumbs/*"))
    changed = cv2.imread(str(sheet))[:128]
    sheet.unlink()
    cv2.imwrite(str(sheet), changed)
    later = data.created_at + timedelta(days=1)
    write_site(replace(data, run_id="later", created_at=later), site)
    assert shown.read_bytes() == sheet.read_bytes()
    assert len(set(site.glob("thumbs/*")) - atlases) == 1
