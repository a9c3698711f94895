"""The camera: shapes and backdrop are projected alike; exposure, blur and noise of the sensor."""

from __future__ import annotations

import numpy as np
import pytest

from insight_dagster.demo.drawing.camera import Handling, Sensor, camera_path
from insight_dagster.demo.drawing.shapes import Rasteriser, Track, still

TIMES = np.arange(12) / 30


def _path(handling: Handling, size: tuple[int, int] = (340, 256)):
    focus = np.stack([200 + 20 * TIMES, np.full(12, 150.0)], -1)
    rng = np.random.default_rng(3)
    return camera_path(rng, TIMES, focus, np.full(12, 1.1), size=size, handling=handling)


@pytest.mark.parametrize("size", [(340, 256), (256, 340), (1280, 720)])
def test_a_dot_on_the_backdrop_is_where_project_places_it(size: tuple[int, int]) -> None:
    path = _path(Handling(4.0, 0.05, 0.1), size)
    backdrop = np.zeros((300, 400, 4), np.uint8)
    backdrop[139:142, 189:192] = 255
    where = path.project(still([[190, 140]], 12))
    for index in (0, 11):
        bright = np.argwhere(path.view(backdrop, index)[..., 0] > 60)
        assert bright.mean(0)[::-1] == pytest.approx(where[index, 0], abs=1.0)


def test_a_shape_covers_the_pixels_that_project_gives() -> None:
    path = _path(Handling(0.0, 0.0, 0.0))
    square = Track(still([[190, 140], [210, 140], [210, 160], [190, 160]], 12), (255, 0, 0))
    frame = np.zeros((256, 340, 3), np.uint8)
    Rasteriser([square], path).draw(frame, 0)
    assert (frame[..., 0] > 128).sum() == pytest.approx((20 * 1.1) ** 2, rel=0.1)


def test_hidden_shapes_are_not_drawn() -> None:
    path = _path(Handling(0.0, 0.0, 0.0))
    corners = still([[190, 140], [210, 140], [210, 160]], 12)
    blinking = Track(corners, (255, 0, 0), visible=np.arange(12) > 5)
    frame = np.zeros((256, 340, 3), np.uint8)
    Rasteriser([blinking], path).draw(frame, 0)
    assert not frame.any()
    Rasteriser([blinking], path).draw(frame, 6)
    assert frame.any()


def test_a_steady_camera_holds_still_and_a_shaking_one_does_not() -> None:
    still_hand, shaking = _path(Handling(0.0, 0.0, 0.0)), _path(Handling(6.0, 0.0, 0.0))
    steps = [np.diff(p.matrices[:, 1, 2]) for p in (still_hand, shaking)]
    assert np.abs(steps[0]).max() == pytest.approx(0)
    assert np.abs(steps[1]).max() > 0.5


def test_sensor_noise_differs_from_frame_to_frame_but_not_between_runs() -> None:
    grey = np.full((64, 96, 3), 120, np.uint8)
    first, again = (
        Sensor(np.random.default_rng(1), (96, 64), frames=4, same_model=False) for _ in range(2)
    )
    assert np.array_equal(first.expose(grey, 2), again.expose(grey, 2))
    assert not np.array_equal(first.expose(grey, 2), first.expose(grey, 3))


def test_degradation_takes_light_and_focus_and_leaves_the_noise() -> None:
    board = np.kron(np.indices((32, 40)).sum(0) % 2 * 160 + 40, np.ones((8, 8)))
    picture = np.repeat(board[..., None], 3, 2).astype(np.uint8)
    plain, none, dark = (
        _exposed(picture, **degradation)
        for degradation in ({}, {"degradation": 0}, {"degradation": 0.8})
    )
    assert np.array_equal(plain, none)
    assert dark.mean() < 0.65 * plain.mean()
    assert dark.std() < 0.4 * plain.std()
    black = np.zeros_like(picture)
    assert np.array_equal(_exposed(black), _exposed(black, degradation=0.8))


def _exposed(picture: np.ndarray, **degradation: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return Sensor(rng, (320, 256), frames=1, same_model=False, **degradation).expose(picture, 0)


def test_wrong_track_shape_is_quoted() -> None:
    with pytest.raises(ValueError, match=r"got \(3, 2\)"):
        Track(np.zeros((3, 2)), (0, 0, 0))
