"""Rows of many clips: order, batch size, copies, broken files, and the numbers in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import decode_window
from insight_dagster.analysis.embeddings.embeddings import embed_clips
from insight_dagster.analysis.model.preprocessing import preprocess
from tests.support.model_clips import LABELS, clip_of, demo_classifier, write_clip


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return demo_classifier(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [
        clip_of(write_clip(folder / f"{seed}.mp4", seed=seed), LABELS[seed % 3])
        for seed in range(4)
    ]


@pytest.fixture
def torch_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def embedded(clips, classifier):
    return embed_clips(clips, classifier)


def test_tables_have_the_declared_columns_and_types(embedded, classifier):
    assert tuple(embedded.embeddings.column_names) == tables.EMBEDDINGS.column_names
    assert tuple(embedded.predictions.column_names) == tables.PREDICTIONS.column_names
    assert embedded.embeddings.schema.field("embedding").type == pa.list_(
        pa.float32(), classifier.dimension
    )
    assert set(embedded.predictions["model_fingerprint"].to_pylist()) == {classifier.fingerprint}


def test_rows_are_the_models_outputs_for_each_clip(embedded, clips, classifier):
    spec = classifier.spec
    assert embedded.embeddings["clip_id"].to_pylist() == [clip.clip_id for clip in clips]
    for row, clip in enumerate(clips):
        window = decode_window(clip.path, start=0, seconds=spec.seconds, num_frames=16)
        expected = classifier.predict(preprocess(window.frames, spec).unsqueeze(0))
        stored = np.array(embedded.embeddings["embedding"][row].as_py(), np.float32)
        np.testing.assert_allclose(stored, expected.embedding[0], atol=1e-5)
        logits = np.array(embedded.predictions["logits"][row].as_py(), np.float32)
        np.testing.assert_allclose(logits, expected.logits[0], atol=1e-5)
    vectors = np.array(embedded.embeddings["embedding"].to_pylist())
    assert len(np.unique(vectors, axis=0)) == len(clips)


def test_thread_limits_are_restored(clips, classifier, torch_threads):
    torch.set_num_threads(3)
    embed_clips(clips[:2], classifier)
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (3, 4), (64, 2)])
def test_rows_depend_on_neither_batch_size_nor_workers(
    embedded, clips, classifier, batch_size, workers
):
    again = embed_clips(clips, classifier, batch_size=batch_size, workers=workers)
    assert again.embeddings.equals(embedded.embeddings)
    assert again.predictions.equals(embedded.predictions)


def test_rows_follow_the_given_order_and_keep_their_numbers(embedded, clips, classifier):
    turned = embed_clips(clips[::-1], classifier)
    assert turned.embeddings.equals(embedded.embeddings.take([3, 2, 1, 0]))


def test_padded_batches_give_the_same_numbers(embedded, clips, classifier, monkeypatch):
    # How a GPU is fed: whole batches of one size, the last one filled up.
    sizes = []
    monkeypatch.setattr(type(classifier), "clips_per_pass", None)
    predict = classifier.predict
    monkeypatch.setattr(
        classifier, "predict", lambda batch: sizes.append(len(batch)) or predict(batch)
    )
    batched = embed_clips(clips, classifier, batch_size=3)
    assert sizes == [3, 3]
    ours = np.array(batched.embeddings["embedding"].to_pylist())
    single = np.array(embedded.embeddings["embedding"].to_pylist())
    np.testing.assert_allclose(ours, single, atol=1e-5 * single.std())


def test_broken_clips_get_reasons_and_the_others_rows(tmp_path, clips, classifier):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clips[0].path.read_bytes()[:3000])
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    broken = [clip_of(cut), clip_of(text), clip_of(tmp_path / "gone.mp4")]
    ticks = []
    result = embed_clips(
        [broken[0], clips[0], broken[1], clips[1], broken[2]], classifier, progress=ticks.append
    )
    assert result.embeddings["clip_id"].to_pylist() == [clips[0].clip_id, clips[1].clip_id]
    assert set(result.problems) == {clip.clip_id for clip in broken}
    assert all(result.problems.values()) and sum(ticks) == 5


def test_only_broken_clips_give_empty_tables_of_the_right_type(tmp_path, classifier, embedded):
    result = embed_clips([clip_of(tmp_path / "gone.mp4")], classifier)
    assert result.embeddings.num_rows == result.predictions.num_rows == 0
    assert result.embeddings.schema == embedded.embeddings.schema
    assert result.predictions.schema == embedded.predictions.schema
    assert embed_clips([], classifier).embeddings.schema == embedded.embeddings.schema


def test_identical_content_is_run_once(clips, classifier, monkeypatch):
    copies = [
        Clip(f"copy{number}", label, clips[0].content_key, clips[0].path)
        for number, label in enumerate(("climb", "dunk", "juggle"))
    ]
    runs, ticks, predict = [], [], classifier.predict
    monkeypatch.setattr(
        classifier, "predict", lambda batch: runs.append(len(batch)) or predict(batch)
    )
    result = embed_clips(copies, classifier, progress=ticks.append)
    assert runs == [1] and sum(ticks) == 3
    assert result.embeddings["clip_id"].to_pylist() == ["copy0", "copy1", "copy2"]
    own = result.predictions["probability"].to_pylist()
    assert own[0] != own[1] and own[2] is None


def test_the_window_of_a_segment_is_respected(clips, classifier):
    late = clip_of(clips[0].path, window=(1.0, 1.5))
    early = clip_of(clips[0].path, window=(0.0, 0.5))
    one, two = embed_clips([late, early], classifier).embeddings["embedding"].to_pylist()
    assert one != two


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (float("nan"), None), (2.0, 2.0)])
def test_impossible_windows_are_refused(tmp_path, start, end):
    with pytest.raises(ValueError, match="clip odd"):
        Clip("odd", "climb", "odd", tmp_path / "x.mp4", start=start, end=end)
