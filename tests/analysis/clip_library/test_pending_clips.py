"""Stored results that are reused, and clips that have to be computed."""

from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.pending_clips import plan_work, shards, usable_clips
from insight_dagster.analysis.latent_space.fitting import fit_key

KEYS = st.sampled_from("abcdefgh")


def clip(number: int, key: str) -> Clip:
    return Clip(f"id{number}", "ours", key, Path("x.mp4"))


def stored(*keys: str) -> pa.Table:
    return pa.table(
        {
            "clip_id": pa.array([f"old-{key}" for key in keys], pa.string()),
            "class_name": pa.array(["theirs"] * len(keys), pa.string()),
            "content_key": pa.array(keys, pa.string()),
            "value": pa.array([ord(key) for key in keys], pa.int64()),
        }
    )


@given(st.lists(KEYS, max_size=12), st.sets(KEYS))
def test_every_clip_is_either_reused_or_pending(wanted, known):
    clips = [clip(number, key) for number, key in enumerate(wanted)]
    plan = plan_work(clips, stored(*sorted(known)))
    reused = plan.reused.to_pylist()
    assert {row["clip_id"] for row in reused} | {one.clip_id for one in plan.pending} == {
        one.clip_id for one in clips
    }
    assert len(reused) + len(plan.pending) == len(clips)
    keys = {one.clip_id: one.content_key for one in clips}
    for row in reused:
        assert row["class_name"] == "ours"
        assert row["value"] == ord(keys[row["clip_id"]])


def test_quarantined_clips_are_not_measured():
    manifest = pa.table(
        {
            "clip_id": ["2", "1", "3"],
            "class_name": ["a"] * 3,
            "content_key": ["k2", "k1", "k3"],
            "path": ["two.mp4", "one.mp4", "three.mp4"],
            "window_start": [0.0, 1.0, 0.0],
            "window_end": pa.array([None, 2.0, None], pa.float64()),
            "decoder": ["pyav"] * 3,
            "status": ["ok", "ok", "quarantined"],
        }
    )
    clips = usable_clips(manifest, Path("/library"))
    assert [(one.clip_id, str(one.path), one.end) for one in clips] == [
        ("1", "/library/one.mp4", 2.0),
        ("2", "/library/two.mp4", None),
    ]


def test_the_fit_key_follows_clips_model_and_settings_but_not_their_order():
    def vectors(*rows):
        names = ("clip_id", "content_key", "model_fingerprint")
        return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})

    one, two = ("1", "k1", "m"), ("2", "k2", "m")
    key = fit_key(vectors(one, two), settings={"seed": 0})
    assert fit_key(vectors(two, one), settings={"seed": 0}) == key
    others = {
        fit_key(vectors(one), settings={"seed": 0}),
        fit_key(vectors(one, ("2", "k9", "m")), settings={"seed": 0}),
        fit_key(vectors(one, ("2", "k2", "other")), settings={"seed": 0}),
        fit_key(vectors(one, two), settings={"seed": 1}),
    }
    assert len(others | {key}) == 5


@given(st.lists(KEYS, max_size=12), st.integers(1, 5))
def test_shards_hold_every_clip_once_and_copies_together(keys, size):
    clips = [clip(number, key) for number, key in enumerate(keys)]
    found = shards(clips, size)
    assert sorted(each.clip_id for part in found for each in part) == sorted(
        each.clip_id for each in clips
    )
    contents = [{each.content_key for each in part} for part in found]
    assert sum(map(len, contents)) == len(set(keys)), "copies of a content are in one shard"
    assert all(len(each) <= size for each in contents)
    assert len(found) == max(1, -(-len(set(keys)) // size))
