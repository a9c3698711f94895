"""The clips that are explained, and the bundles that are kept."""

from pathlib import Path

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.heatmaps.example_clips import (
    Example,
    choose_examples,
    plan_bundles,
    with_insights,
)

INSIGHTS = pa.table({"insight_id": ["weak", "strong"], "severity": [0.1, 0.9]})
MEMBERS = pa.table(
    {
        "insight_id": ["strong", "strong", "strong", "weak", "weak"],
        "clip_id": ["a", "b", "elsewhere", "b", "c"],
        "weight": [0.5, 1.0, 1.0, 1.0, 0.2],
    }
)


def test_the_heaviest_members_of_the_most_severe_insight_come_first():
    chosen = choose_examples(INSIGHTS, MEMBERS, clip_ids={"a", "b", "c"}, per_insight=1)
    assert chosen == [Example("b", ("strong", "weak"))]
    chosen = choose_examples(INSIGHTS, MEMBERS, clip_ids={"a", "b", "c"}, per_insight=2)
    assert [one.clip_id for one in chosen] == ["b", "a", "c"]


def bundle(home: Path, clip_id: str, **changes: str) -> dict:
    row = {
        "clip_id": clip_id,
        "class_name": "ours",
        "content_key": f"key-{clip_id}",
        "model_fingerprint": "m",
        "target": "climbing",
        "method": "grad_cam",
        "path": f"{clip_id}.png",
        "volume_path": f"{clip_id}.npz",
        "insight_ids": ["gone"],
    }
    for name in (row["path"], row["volume_path"]):
        (home / name).touch()
    return row | changes


def test_a_bundle_is_kept_only_while_contents_model_target_and_files_hold(tmp_path):
    names = ("kept", "edited", "retargeted", "old model", "file lost")
    clips = [Clip(name, "ours", f"key-{name}", Path("x.mp4")) for name in names]
    rows = [
        bundle(tmp_path, "kept"),
        bundle(tmp_path, "edited", content_key="before"),
        bundle(tmp_path, "retargeted", target="skating"),
        bundle(tmp_path, "old model", model_fingerprint="n"),
        bundle(tmp_path, "file lost"),
    ]
    (tmp_path / "file lost.npz").unlink()
    examples = [Example(name, ("i",)) for name in names]
    work = plan_bundles(
        examples,
        clips,
        predictions=pa.table({"clip_id": names, "predicted": ["climbing"] * 5}),
        stored=pa.Table.from_pylist(rows),
        model_fingerprint="m",
        home=tmp_path,
    )
    assert [clip.clip_id for clip in work.clips] == list(names[1:])
    assert work.targets == ("climbing",) * 4
    merged = with_insights(work.reused, work.reused.slice(0, 0), examples)
    assert merged.select(["clip_id", "insight_ids"]).to_pylist() == [
        {"clip_id": "kept", "insight_ids": ["i"]}
    ]
