"""Contact sheets: the model's crops in reading order, written atomically."""

import cv2
import numpy as np
import pytest

from insight_dagster.analysis.metadata.contact_sheets import (
    TILE,
    contact_sheet,
    sheet_path,
    write_sheet,
)
from insight_dagster.analysis.model.preprocessing import ClipSpec, display_squares

SPEC = ClipSpec(
    num_frames=16, sampling_rate=5, side=256, crop=224, mean=(0.45,) * 3, std=(0.225,) * 3
)


def smooth_frames(height, width):
    """Return flat frames, each with a different brightness, that scaling does not change."""
    rows, columns = np.mgrid[:height, :width]
    ramp = 40 + 80 * rows / height + 60 * columns / width
    return np.stack([np.repeat((ramp + 4 * t)[..., None], 3, axis=2) for t in range(16)]).astype(
        np.uint8
    )


@pytest.mark.parametrize("size", [(256, 340), (720, 1280), (90, 60), (101, 99)])
def test_tiles_are_what_the_model_sees(size):
    frames = smooth_frames(*size)
    sheet = contact_sheet(frames, SPEC)
    assert sheet.shape == (4 * TILE, 4 * TILE, 3)
    for number, square in enumerate(display_squares(frames, SPEC)):
        row, column = divmod(number, 4)
        tile = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        expected = cv2.resize(square, (TILE, TILE), interpolation=cv2.INTER_AREA)
        assert np.abs(tile.astype(int) - expected).max() <= 4  # grey levels


def test_a_sheet_is_written_by_content(tmp_path):
    frames = smooth_frames(64, 80)
    write_sheet(tmp_path, "ab12", frames, SPEC)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        sheet_path(tmp_path, "ab12")
    ]
    stored = cv2.cvtColor(cv2.imread(str(sheet_path(tmp_path, "ab12"))), cv2.COLOR_BGR2RGB)
    assert np.abs(stored.astype(int) - contact_sheet(frames, SPEC)).mean() < 3
