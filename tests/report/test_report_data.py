"""The input of a report is checked."""

from __future__ import annotations

from dataclasses import replace

import pytest


def test_a_frame_without_its_columns_is_refused_by_name(make_data) -> None:
    data = make_data()
    with pytest.raises(ValueError, match=r"predictions lacks columns \['loss'\]"):
        replace(data, predictions=data.predictions.drop(columns=["loss"]))
