"""The frames that a clip is measured on: sizes and checks."""

from __future__ import annotations

import numpy as np
import pytest

from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames


def test_grey_and_colour_of_different_frames_are_refused() -> None:
    grey = np.zeros((2, 8, 8), np.uint8)
    with pytest.raises(ValueError, match=r"\(2, 8, 8\)"):
        MeasuredFrames(np.zeros((3, 8, 8, 3), np.uint8), grey, grey, np.arange(2.0))
