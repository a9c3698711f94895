"""Grad-CAM equals captum on the whole network and its definition; bundles as files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image

from insight_dagster import tables
from insight_dagster.analysis.heatmaps import heatmap_bundles
from insight_dagster.analysis.heatmaps.grad_cam import grad_cam
from insight_dagster.analysis.heatmaps.heatmap_bundles import make_bundle, make_bundles
from insight_dagster.analysis.heatmaps.heatmap_picture import Caption, draw_grid, tint
from insight_dagster.analysis.model.clip_inputs import load_input
from insight_dagster.analysis.model.loading import load_classifier
from insight_dagster.errors import ModelError
from insight_dagster.settings.model_spec import ModelSpec
from tests.support.model_clips import LABELS, clip_of, demo_classifier, trained_network, write_clip


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return demo_classifier(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [
        clip_of(write_clip(folder / f"{seed}.mp4", seed=seed), LABELS[seed]) for seed in range(2)
    ]


@pytest.fixture(scope="module")
def batch():
    return torch.randn(2, 3, 16, 112, 112, generator=torch.Generator().manual_seed(1))


def upsampled(maps, batch):
    return torch.nn.functional.interpolate(maps, tuple(batch.shape[2:]), mode="trilinear")


def test_grad_cam_equals_its_definition(classifier, batch):
    network, index = trained_network(), 2
    activation = batch
    for block in network.blocks[:5]:
        activation = block(activation)
    activation = activation.detach().requires_grad_()
    network.blocks[5](activation)[:, index].sum().backward()
    weights = activation.grad.mean(dim=(2, 3, 4), keepdim=True)
    expected = upsampled((weights * activation).sum(dim=1, keepdim=True).relu(), batch)
    ours = grad_cam(classifier, batch, [LABELS[index]] * 2).volumes
    assert ours.shape == (2, 16, 112, 112) and ours.dtype == np.float32
    expected = expected[:, 0].detach().numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-5 * expected.max())
    assert expected.max() > 0


def test_grad_cam_equals_captum_on_the_whole_unfused_network(classifier, batch):
    network = trained_network()
    theirs = LayerGradCam(network, network.blocks[4]).attribute(
        batch, target=[0, 1], relu_attributions=True
    )
    expected = upsampled(theirs, batch)[:, 0].detach().numpy()
    ours = grad_cam(classifier, batch, [LABELS[0], LABELS[1]]).volumes
    np.testing.assert_allclose(ours, expected, atol=1e-5 * expected.max())


def test_a_clips_volume_does_not_depend_on_its_neighbours(classifier, batch):
    together = grad_cam(classifier, batch, ["dunk", "glide"])
    alone = grad_cam(classifier, batch[1:], ["glide"])
    np.testing.assert_array_equal(together.volumes[1], alone.volumes[0])
    np.testing.assert_array_equal(together.logits, classifier.predict(batch).logits)


def test_targets_must_be_labels_one_a_clip(classifier, batch):
    with pytest.raises(ModelError, match="'swim'"):
        grad_cam(classifier, batch, ["swim", "dunk"])
    with pytest.raises(ValueError, match="2 clips need as many targets, got 1"):
        grad_cam(classifier, batch, ["dunk"])


# bundles


def test_rows_name_files_relative_to_the_home(classifier, clips, tmp_path):
    ticks = []
    made = make_bundles(
        clips, classifier, targets=["dunk", "glide"], folder=tmp_path / "heatmaps",
        home=tmp_path, progress=ticks.append,
    )  # fmt: skip
    expected = [name for name in tables.HEATMAP_BUNDLES.column_names if name != "insight_ids"]
    assert made.rows.column_names == expected and made.problems == {} and sum(ticks) == 2
    for row, clip, target in zip(made.rows.to_pylist(), clips, ("dunk", "glide"), strict=True):
        assert (row["clip_id"], row["target"], row["method"]) == (clip.clip_id, target, "grad_cam")
        assert row["path"].startswith("heatmaps/") and row["path"].endswith(".png")
        assert (tmp_path / row["path"]).is_file() and (tmp_path / row["volume_path"]).is_file()
    assert len(list((tmp_path / "heatmaps").iterdir())) == 4


def volumes(classifier, clip):
    """Return Grad-CAM of the clip for each label; labels without evidence have empty volumes."""
    given = load_input(clip, classifier.spec)
    found = {
        label: grad_cam(classifier, given.tensor.unsqueeze(0), [label]).volumes[0]
        for label in LABELS
    }
    return found, given.timestamps


def test_the_volume_is_the_grad_cam_and_loads_without_pickle(classifier, clips, tmp_path):
    found, timestamps = volumes(classifier, clips[0])
    target, expected = max(found.items(), key=lambda item: item[1].max())
    bundle = make_bundle(clips[0], classifier, target=target, folder=tmp_path)
    with np.load(bundle.volume_path, allow_pickle=False) as stored:
        volume, scale = stored["volume"], stored["scale"]
        assert volume.dtype == np.float16 and volume.shape == (16, 112, 112)
        assert volume.min() >= 0 and volume.max() == 1
        np.testing.assert_allclose(volume * scale, expected, atol=1e-3 * expected.max())
        np.testing.assert_array_equal(stored["timestamps"], timestamps)


def test_a_target_that_nothing_speaks_for_gets_an_empty_volume(classifier, clips, tmp_path):
    found, _ = volumes(classifier, clips[0])
    target, volume = min(found.items(), key=lambda item: item[1].max())
    assert volume.max() == 0
    bundle = make_bundle(clips[0], classifier, target=target, folder=tmp_path)
    with np.load(bundle.volume_path, allow_pickle=False) as stored:
        assert stored["scale"] == 0 and not stored["volume"].any()


def test_the_grid_is_four_by_four_with_a_title_bar(classifier, clips, tmp_path):
    bundle = make_bundle(clips[0], classifier, target="dunk", folder=tmp_path)
    with Image.open(bundle.grid_path) as picture:
        width, height = picture.size
        assert picture.format == "PNG" and width == 4 * 196 + 4 and height == 50 + 4 * 196


def test_the_same_work_gives_the_same_files(classifier, clips, tmp_path):
    one = make_bundle(clips[0], classifier, target="dunk", folder=tmp_path / "one")
    two = make_bundle(clips[0], classifier, target="dunk", folder=tmp_path / "two")
    assert one.grid_path.name == two.grid_path.name
    assert one.grid_path.read_bytes() == two.grid_path.read_bytes()
    assert one.volume_path.read_bytes() == two.volume_path.read_bytes()


def test_another_target_or_model_gets_another_file(classifier, clips, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(LABELS))
    other = load_classifier(
        ModelSpec(weights="random", labels=labels, weights_folder=tmp_path, device="cpu")
    )
    names = {
        make_bundle(clips[0], model, target=target, folder=tmp_path / "maps").grid_path.name
        for model, target in ((classifier, "dunk"), (classifier, "glide"), (other, "dunk"))
    }
    assert len(names) == 3


def test_clips_without_a_bundle_get_reasons_and_the_others_bundles(classifier, clips, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_text("not a video")
    made = make_bundles(
        [clip_of(broken), *clips], classifier, targets=["dunk", "swim", "dunk"],
        folder=tmp_path / "maps", home=tmp_path,
    )  # fmt: skip
    assert made.rows["clip_id"].to_pylist() == [clips[1].clip_id]
    assert set(made.problems) == {clip_of(broken).clip_id, clips[0].clip_id}
    assert "'swim'" in made.problems[clips[0].clip_id]


def test_nothing_to_explain_gives_an_empty_table(classifier, tmp_path):
    made = make_bundles([], classifier, targets=[], folder=tmp_path / "maps", home=tmp_path)
    assert made.rows.num_rows == 0 and "clip_id" in made.rows.column_names


def test_a_single_broken_clip_is_one_clear_error(classifier, tmp_path):
    with pytest.raises(ModelError, match=r"gone\.mp4"):
        make_bundle(clip_of(tmp_path / "gone.mp4"), classifier, target="dunk", folder=tmp_path)


def test_a_failed_write_leaves_nothing_behind(classifier, clips, tmp_path, monkeypatch):
    def fail(path, *_):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(heatmap_bundles, "_save_volume", fail)
    with pytest.raises(OSError, match="disk full"):
        make_bundle(clips[0], classifier, target="dunk", folder=tmp_path / "maps")
    assert [path.suffix for path in (tmp_path / "maps").iterdir()] == [".png"]


# the picture


def test_colour_grows_with_attribution_and_the_picture_stays_visible():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    share = np.linspace(0, 1, 32, dtype=np.float32)[None].repeat(32, 0)
    bare = tint(picture, np.zeros((32, 32))).astype(float)
    change = np.abs(tint(picture, share).astype(float) - bare).mean(axis=(0, 2))
    assert change[0] == 0 and change[28:].mean() > change[12:16].mean() > change[2:6].mean()
    for painted in (bare, tint(picture, np.full((32, 32), 0.5)), tint(picture, np.ones((32, 32)))):
        assert np.corrcoef(painted.mean(axis=2).ravel(), picture.mean(axis=2).ravel())[0, 1] > 0.9


def caption(**changes):
    given = {
        "label": "climb", "predicted": "dunk", "probability": 0.5, "target": "dunk",
        "target_probability": 0.5, "random_weights": False, "empty": False,
    }  # fmt: skip
    return Caption(**given | changes)


def test_captions_tell_label_prediction_target_and_untrained_weights():
    assert "label: climb" in caption().prediction and "dunk 50.0%" in caption().prediction
    assert "RANDOM" not in caption().explanation and "nothing" not in caption().explanation
    assert "RANDOM WEIGHTS" in caption(random_weights=True).explanation
    assert "no evidence for it" in caption(empty=True).explanation


@pytest.mark.parametrize(("frames", "columns", "rows"), [(4, 4, 1), (13, 4, 4), (1, 1, 1)])
def test_other_numbers_of_frames_fill_as_many_rows_as_needed(frames, columns, rows):
    pictures, volume = np.zeros((frames, 32, 32, 3), np.uint8), np.zeros((frames, 32, 32))
    grid = draw_grid(pictures, volume, np.arange(frames) / 10, caption())
    assert grid.size == (columns * 196 + 4, 50 + rows * 196)


def test_endless_labels_are_shortened_not_drawn_over_the_legend():
    pictures, volume = np.zeros((4, 32, 32, 3), np.uint8), np.zeros((4, 32, 32))
    long = caption(label="l" * 500, predicted="p\nq" * 300)
    plain = draw_grid(pictures, volume, np.arange(4.0), caption())
    crowded = draw_grid(pictures, volume, np.arange(4.0), long)
    legend = (plain.width - 122, 0, plain.width, 50)
    assert plain.crop(legend).tobytes() == crowded.crop(legend).tobytes()


def test_pictures_and_volumes_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="must agree"):
        draw_grid(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 4, 4)), np.zeros(2), caption())
