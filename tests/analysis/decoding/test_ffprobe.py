"""The properties of files equal those that ffprobe reports, if it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from insight_dagster.analysis.decoding import VideoFacts, probe
from tests.support.video_corpus import CORPUS, Recipe, write_video

pytestmark = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
# AV1 is newer than the ffprobe of some distributions.
RECIPES = [recipe for recipe in CORPUS if recipe.codec != "libsvtav1"]


def asked(path: Path) -> tuple[dict[str, Any], bool]:
    """Return ffprobe's properties of the first video stream, and whether there is audio."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    streams = json.loads(said.stdout)["streams"]
    video = next(each for each in streams if each["codec_type"] == "video")
    return video, any(each["codec_type"] == "audio" for each in streams)


def assert_alike(facts: VideoFacts, path: Path) -> None:
    theirs, audio = asked(path)
    assert facts.codec == theirs["codec_name"]
    assert (facts.width, facts.height) == (theirs["width"], theirs["height"])
    assert facts.has_audio == audio
    assert facts.frames == int(theirs["nb_read_frames"])
    assert facts.fps == pytest.approx(float(Fraction(theirs["avg_frame_rate"])), rel=1e-3)
    if "duration" in theirs:
        assert facts.duration_seconds == pytest.approx(float(theirs["duration"]), abs=1e-3)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_facts_are_ffprobes(recipe: Recipe, tmp_path: Path) -> None:
    path = write_video(tmp_path, recipe)
    assert_alike(probe(path), path)
