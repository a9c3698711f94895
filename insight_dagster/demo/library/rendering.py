"""Rendering a planned clip to frames: scene, camera, sensor, title card and scaling.

Encoding and files (`encoding`, `library_files`) do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing.camera import Handling, Sensor, camera_path
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
"""The scenes that can be drawn: the action classes, and two that only faults use."""


def render(plan: ClipPlan, *, seed: int) -> Iterator[Frame]:
    """Yield the frames of a clip, (H, W, 3) uint8 RGB of `plan.size`.

    The same plan and seed give the same pixels. A copy has the frames of its original, scaled.

    Args:
        plan: clip to render.
        seed: seed of the library.
    """
    rng = np.random.default_rng([seed, 1, plan.content])
    action, lens, sensor, card = rng.spawn(4)
    times = np.arange(round(plan.seconds * plan.fps)) / plan.fps
    frames = _scene_frames(
        plan.shows, action, lens, sensor, times, plan.render_size, degradation=plan.degradation
    )
    if plan.card_seconds:
        still = title_card(card, plan.label, plan.render_size)
        frames = _with_title_card(still, frames, round(plan.card_seconds * plan.fps))
    for frame in frames:
        yield frame if plan.size == plan.render_size else _scaled(frame, plan.size)


def _scene_frames(
    shows: str,
    action: np.random.Generator,
    lens: np.random.Generator,
    sensor: np.random.Generator,
    times: NDArray[np.floating],
    size: tuple[int, int],
    *,
    degradation: float,
) -> Iterator[Frame]:
    shot = SCENES[shows](action, times)
    hand = Handling.draw(lens, steady=lens.random() < 0.15)
    mirrored = not shot.same_camera and lens.random() < 0.5
    path = camera_path(lens, times, shot.focus, shot.zoom, size=size, handling=hand)
    shapes = Rasteriser(shot.tracks, path)
    chip = Sensor(
        sensor, size, frames=len(times), same_model=shot.same_camera, degradation=degradation
    )
    backdrop = np.asarray(cv2.cvtColor(shot.backdrop, cv2.COLOR_RGB2RGBA), np.uint8)
    for index in range(len(times)):
        frame = path.view(backdrop, index)
        shapes.draw(frame, index)
        frame = chip.expose(frame, index)
        yield np.ascontiguousarray(frame[:, ::-1]) if mirrored else frame


def _with_title_card(still: Frame, frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        yield still if index < count else frame


def _scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
