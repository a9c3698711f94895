"""Rows of the metadata tables: order, schema, clips that cannot be decoded, threads and copies."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.metadata.metadata_table import (
    ClipMeasuring,
    measure_clips,
    metadata_version,
)
from insight_dagster.analysis.metadata.user_functions import UserFunction
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.errors import DecodeError, Unreadable
from tests.support.synthetic_frames import measure, panning

SPEC = ClipSpec(num_frames=16, sampling_rate=5, side=256, crop=224)


def clip_named(clip_id: str) -> Clip:
    return Clip(
        clip_id=clip_id,
        class_name="surfing",
        content_key=f"content of {clip_id}",
        path=Path(f"/clips/{clip_id}.mp4"),
        start=0.0,
        end=None,
        decoder=None,
    )


class Decoded(dict[str, NDArray[np.uint8]]):
    """Frames by file stem; other files cannot be decoded."""

    def read(self, path: Path, **_: object) -> SimpleNamespace:
        if path.stem not in self:
            raise DecodeError(f"{path}: no video stream")
        frames = self[path.stem]
        return SimpleNamespace(frames=frames, timestamps=np.arange(len(frames)) / 6)


@pytest.fixture
def decoded() -> Decoded:
    return Decoded()


class TestMeasureClips:
    def test_rows_follow_the_order_of_the_clips_and_the_schema(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abcd", 1)})
        table = measure_clips([clip_named(n) for n in "dbca"], spec=SPEC, decode=decoded.read).table
        assert table.column_names == list(tables.METADATA_TABLE.column_names)
        assert table["clip_id"].to_pylist() == list("dbca")
        assert table["content_key"].to_pylist()[0] == "content of d"
        motions = table["camera_motion"].to_pylist()
        assert motions[0] > motions[2] > motions[1] > motions[3]

    def test_a_clip_that_cannot_be_decoded_is_a_problem_not_a_failure(
        self, decoded: Decoded
    ) -> None:
        decoded["good"] = panning(step=2, frames=3)
        result = measure_clips(
            [clip_named("bad"), clip_named("good")], spec=SPEC, decode=decoded.read
        )
        assert result.table["clip_id"].to_pylist() == ["good"]
        assert result.problems == {"bad": Unreadable("/clips/bad.mp4: no video stream")}

    def test_rows_do_not_depend_on_the_number_of_threads(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abcdef", 1)})
        clips = [clip_named(name) for name in "abcdef"]
        one, three = (
            measure_clips(clips, spec=SPEC, decode=decoded.read, workers=n).table for n in (1, 3)
        )
        assert one.equals(three)

    def test_every_clip_has_its_numbers_over_time(self, decoded: Decoded) -> None:
        decoded.update({"long": panning(step=2, frames=5), "single": panning(step=2, frames=1)})
        found = measure_clips(
            [clip_named("long"), clip_named("single")], spec=SPEC, decode=decoded.read
        )
        assert found.frames.column_names == list(tables.METADATA_FRAMES.column_names)
        long, single = found.frames.to_pylist()
        assert long["timestamps"] == pytest.approx(np.arange(5) / 6)
        for column in tables.METADATA_FRAME_SERIES:
            assert (len(long[column.name]), len(single[column.name])) == (5, 1), column.name
        for column in tables.METADATA_PAIR_SERIES:
            assert (len(long[column.name]), len(single[column.name])) == (4, 0), column.name
        assert [long["shake"][0], long["shake"][-1]] == [None, None]

    def test_functions_of_the_user_are_stored_beside_the_fields(self, decoded: Decoded) -> None:
        decoded.update({"dark": panning(step=2) // 2, "good": panning(step=2)})

        def sky(frames: NDArray[np.uint8], _: NDArray[np.float64]) -> dict[str, float]:
            if frames.max() < 130:
                raise ValueError("too dark")
            return {"blue": float(frames[:, :40, :, 2].mean())}

        functions = (UserFunction("sky", "1.2", sky),)
        clips = [clip_named("good"), clip_named("dark"), clip_named("bad")]
        found = measure_clips(clips, spec=SPEC, decode=decoded.read, functions=functions)
        rows = found.table.to_pylist()
        assert [dict(row["extra"]) for row in rows] == [
            {"sky.blue": pytest.approx(decoded["good"][:, :40, :, 2].mean())},
            {},
        ]
        assert set(found.problems) == {"bad"}
        assert found.function_problems == {
            "sky": "failed on 1 of 2 clips; first on /clips/dark.mp4: ValueError: too dark"
        }
        assert rows[0]["metadata_version"].endswith("+sky@1.2")
        assert rows[0]["metadata_version"] != metadata_version(SPEC, ())

    def test_repeated_frames_of_a_short_clip_are_measured_once(self) -> None:
        frames = panning(step=4, frames=3)
        window = SimpleNamespace(
            frames=np.repeat(frames, 4, axis=0), timestamps=np.repeat([0.0, 0.1, 0.2], 4)
        )
        measured = measure_clips([clip_named("short")], spec=SPEC, decode=lambda *_, **__: window)
        row = measured.table.to_pylist()[0]
        assert row["ssim_max"] == pytest.approx(measure(frames).values["ssim_max"])
        assert row["ssim_max"] < 0.9

    def test_progress_counts_every_clip_once(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        ticks: list[int] = []
        measure_clips(
            [clip_named("a"), clip_named("bad")],
            spec=SPEC,
            decode=decoded.read,
            progress=ticks.append,
        )
        assert sum(ticks) == 2

    def test_copies_of_a_content_are_measured_once(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        copy = replace(clip_named("a"), clip_id="copy of a")
        read: list[Path] = []

        def decode(path: Path, **asked: object) -> SimpleNamespace:
            read.append(path)
            return decoded.read(path, **asked)

        table = measure_clips([clip_named("a"), copy], spec=SPEC, decode=decode).table
        assert len(read) == 1
        assert table["clip_id"].to_pylist() == ["a", "copy of a"]
        one, other = table.drop_columns("clip_id").to_pylist()
        assert one == other

    def test_what_others_decoded_is_not_decoded_again(self, decoded: Decoded) -> None:
        decoded.update({name: panning(step=i, frames=3) for i, name in enumerate("abc", 1)})
        clips = [clip_named(name) for name in ("a", "b", "bad", "c")]
        alone = measure_clips(clips, spec=SPEC, decode=decoded.read)
        measuring = ClipMeasuring(clips, SPEC)
        measuring.add(clips[1], decoded.read(clips[1].path))
        measuring.add(clips[2], Unreadable("/clips/bad.mp4: no video stream"))
        measuring.add(clip_named("of another"), decoded.read(clips[0].path))
        read: list[str] = []

        def decode(path: Path, **asked: object) -> SimpleNamespace:
            read.append(path.stem)
            return decoded.read(path, **asked)

        shared = measuring.finish(decode=decode)
        assert sorted(read) == ["a", "c"]
        assert shared == alone

    def test_no_clips_give_an_empty_table_with_all_columns(self) -> None:
        result = measure_clips([], spec=SPEC)
        assert result.table.num_rows == 0
        assert result.table.column_names == list(tables.METADATA_TABLE.column_names)

    def test_opencv_gets_its_threads_back(self, decoded: Decoded) -> None:
        decoded["a"] = panning(step=1, frames=2)
        before, active = cv2.getNumThreads(), threading.active_count()
        measure_clips([clip_named("a")], spec=SPEC, decode=decoded.read)
        assert cv2.getNumThreads() == before
        assert threading.active_count() == active
