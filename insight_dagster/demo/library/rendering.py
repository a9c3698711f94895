"""One planned clip as a stream of finished frames: scene, camera, sensor, title card, scaling.

Files and encoders do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing.camera import Handling, Sensor, film
from insight_dagster.demo.drawing.shapes import Rasteriser, Shot
from insight_dagster.demo.library.clip_plan import ClipPlan
from insight_dagster.demo.scenes import basketball, boards, climbing, discs, selfie
from insight_dagster.demo.scenes.title_card import title_card

Frame = NDArray[np.uint8]
Scene = Callable[[np.random.Generator, NDArray[np.floating]], Shot]

SCENES: dict[str, Scene] = {
    "abseiling": climbing.abseiling,
    "rock climbing": climbing.rock_climbing,
    "ice climbing": climbing.ice_climbing,
    "lookalike": climbing.lookalike,
    "disc golfing": discs.disc_golfing,
    "catching or throwing frisbee": discs.frisbee,
    "playing basketball": basketball.playing_basketball,
    "dunking basketball": basketball.dunking,
    "snowboarding": boards.snowboarding,
    "skateboarding": boards.skateboarding,
    "selfie stick": selfie.selfie_stick,
}
"""What can be drawn: the action classes, and two scenes that only faults use."""


def render(plan: ClipPlan, *, seed: int) -> Iterator[Frame]:
    """The frames of a clip, uint8 (H, W, 3) RGB of `plan.size`, one by one.

    The same plan and seed give the same pixels; a copy shows its original's frames, scaled.
    """
    rng = np.random.default_rng([seed, 1, plan.content])
    action, lens, sensor, card = rng.spawn(4)
    times = np.arange(round(plan.seconds * plan.fps)) / plan.fps
    frames = _acted(plan.shows, action, lens, sensor, times, plan.render_size, gloom=plan.gloom)
    if plan.card_seconds:
        still = title_card(card, plan.label, plan.render_size)
        frames = _opened_by(still, frames, round(plan.card_seconds * plan.fps))
    for frame in frames:
        yield frame if plan.size == plan.render_size else _scaled(frame, plan.size)


def _acted(
    shows: str,
    action: np.random.Generator,
    lens: np.random.Generator,
    sensor: np.random.Generator,
    times: NDArray[np.floating],
    size: tuple[int, int],
    *,
    gloom: float,
) -> Iterator[Frame]:
    shot = SCENES[shows](action, times)
    hand = Handling.draw(lens, steady=lens.random() < 0.15)
    mirrored = not shot.same_camera and lens.random() < 0.5
    path = film(lens, times, shot.focus, shot.zoom, size=size, handling=hand)
    shapes = Rasteriser(shot.tracks, path)
    chip = Sensor(sensor, size, frames=len(times), same_model=shot.same_camera, gloom=gloom)
    backdrop = np.asarray(cv2.cvtColor(shot.backdrop, cv2.COLOR_RGB2RGBA), np.uint8)
    for index in range(len(times)):
        frame = path.view(backdrop, index)
        shapes.draw(frame, index)
        frame = chip.expose(frame, index)
        yield np.ascontiguousarray(frame[:, ::-1]) if mirrored else frame


def _opened_by(still: Frame, frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        yield still if index < count else frame


def _scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
