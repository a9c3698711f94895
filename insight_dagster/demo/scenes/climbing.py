"""Scenes on a wall: abseiling, rock climbing, ice climbing, and clips of no visible class.

Abseiling and rock climbing draw walls, people, ropes and camera motion from the same distributions.
They differ by motion (down on a rope, or climbing up) and by pose, the less the larger `likeness`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.body import LEG, Joints, Outfit, Pose, figure, solve
from insight_dagster.demo.drawing.camera import wander
from insight_dagster.demo.drawing.motion_curves import point, stairs
from insight_dagster.demo.drawing.shapes import Shot, Track

Series = NDArray[np.floating]
_CANVAS = (620, 460)  # height, width


@dataclass(frozen=True)
class Ascent:
    """The motion of a body on a wall.

    Attributes:
        speed: body heights per second, up positive.
        cadence: steps per second.
        lean: 0 for a climber close to the wall, 1 for an abseiler sitting back in the harness.
        bounce: amplitude of bounces in body heights.
    """

    speed: float
    cadence: float
    lean: float
    bounce: float
    hands_on_rope: float


def abseiling(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a person going down on a rope."""
    likeness = rng.beta(1.0, 2.4)
    ascent = Ascent(
        speed=-rng.uniform(0.18, 0.55) * (1 - 0.4 * likeness),
        cadence=rng.uniform(1.0, 2.2),
        lean=1 - 0.8 * likeness,
        bounce=rng.uniform(0.0, 0.09) * (1 - likeness),
        hands_on_rope=1 - 0.7 * likeness,
    )
    return _wall_shot(rng, times, ascent, _rock_or_gym(rng, gym_share=0.15))


def rock_climbing(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a person climbing up, with a rope in most clips."""
    likeness = rng.beta(1.0, 2.4)
    ascent = Ascent(
        speed=rng.uniform(0.16, 0.42) * (1 - 0.3 * likeness),
        cadence=rng.uniform(0.7, 1.6),
        lean=0.5 * likeness,
        bounce=0.0,
        hands_on_rope=0.2 * likeness,
    )
    wall = _rock_or_gym(rng, gym_share=0.3)
    return _wall_shot(rng, times, ascent, wall, rope_share=0.5 + 0.5 * likeness)


def lookalike(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a person hanging on the rope at the wall, which could be of either class."""
    ascent = Ascent(
        speed=rng.normal(0, 0.02),
        cadence=rng.uniform(0.4, 1.2),
        lean=rng.uniform(0.3, 0.7),
        bounce=rng.uniform(0, 0.015),
        hands_on_rope=rng.uniform(0.3, 0.8),
    )
    return _wall_shot(rng, times, ascent, _rock_or_gym(rng, gym_share=0.22))


def ice_climbing(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a person climbing a frozen waterfall with two ice axes."""
    ascent = Ascent(rng.uniform(0.05, 0.25), rng.uniform(0.6, 1.4), rng.uniform(0, 0.4), 0.0, 0.0)
    wall = textures.ice(rng, *_CANVAS)
    return _wall_shot(rng, times, ascent, wall, axes=True)


def _rock_or_gym(rng: np.random.Generator, *, gym_share: float) -> NDArray[np.uint8]:
    if rng.random() < gym_share:
        return textures.gym_wall(rng, *_CANVAS)
    return textures.rock(rng, *_CANVAS)


def _wall_shot(
    rng: np.random.Generator,
    times: Series,
    ascent: Ascent,
    wall: NDArray[np.uint8],
    *,
    rope_share: float = 1.0,
    axes: bool = False,
) -> Shot:
    height = float(np.exp(rng.uniform(np.log(70), np.log(200))))
    profile = rng.random() < 0.3
    pose = _pose_on_wall(rng, times, ascent, height, profile=profile)
    outfit = _climber(rng)
    joints = solve(pose)
    tracks: list[Track] = []
    if rng.random() < rope_share:
        tracks += _rope(rng, times, joints, pose)
    tracks += figure(pose, outfit, joints)
    if axes:
        tracks += _ice_axes(joints, height)
    if profile:
        edge = float(np.median(pose.root[:, 0])) - height * (0.13 + 0.20 * ascent.lean)
        wall = _profile_backdrop(rng, wall, edge)
    focus = _follow(rng, pose, height)
    return Shot(wall, tuple(tracks), focus, np.full(len(times), rng.uniform(0.92, 1.12)))


def _climber(rng: np.random.Generator) -> Outfit:
    helmet = None
    if rng.random() < 0.7:
        bright = ((220, 60, 40), (240, 240, 240), (250, 160, 30), (40, 110, 200), (240, 220, 60))
        helmet = bright[rng.integers(len(bright))]
    harness = tuple(int(c) for c in rng.integers(20, 200, 3))
    return Outfit.draw(rng, helmet=helmet, harness=harness, trousers=bool(rng.random() < 0.8))


def _pose_on_wall(
    rng: np.random.Generator, times: Series, ascent: Ascent, height: float, *, profile: bool
) -> Pose:
    frames = len(times)
    phase = times * ascent.cadence + rng.random()
    sway = 0.04 * wander(rng, times * 0.5)
    hop = ascent.bounce * np.abs(np.sin(np.pi * phase))
    climbed = ascent.speed * times + 0.03 * wander(rng, times * 0.3)
    middle = _CANVAS[0] / 2 + ascent.speed * height * times[-1] / 2
    root = np.stack(
        [_CANVAS[1] / 2 + height * (sway + hop * profile), middle - height * (climbed + 0.6 * hop)],
        axis=-1,
    )
    away = 0.10 + 0.20 * ascent.lean + hop
    hands = _hands_on_wall(rng, times, ascent, phase, climbed, away)
    feet = _feet_on_wall(ascent, phase, climbed, away)
    yaw = -np.pi / 2 if profile else np.pi + rng.uniform(-0.5, 0.5)
    return Pose(
        root,
        hands,
        feet,
        yaw=np.full(frames, yaw) + 0.3 * sway,
        height=np.full(frames, height),
        pitch=np.full(frames, -0.05 - 0.45 * ascent.lean * profile) + 0.05 * wander(rng, times),
        roll=sway + rng.normal(0, 0.05),
        elbow=(0.8, -0.5, -0.3),
        knee=(0.9, 0.35, 0.35 if not profile else 0.1),
        tuck=-0.6,
    )


def _hands_on_wall(
    rng: np.random.Generator,
    times: Series,
    ascent: Ascent,
    phase: Series,
    climbed: Series,
    away: Series,
) -> Series:
    """Return the hands (T, 2, 3): on holds that stay in place, or on the rope."""
    frames, share = len(times), ascent.hands_on_rope
    guide = point(-0.03, 0.44 + 0.02 * np.sin(9 * times), 0.16, frames)
    brake = point(0.13, -0.06 + 0.05 * np.sin(2 * np.pi * phase), 0.02, frames)
    hands = []
    for side, (sign, on_rope) in enumerate(((-1, guide), (1, brake))):
        held = _held(ascent, phase + side / 2, climbed)
        on_wall = point(sign * rng.uniform(0.12, 0.2), 0.46 + held, away, frames)
        hands.append((1 - share) * on_wall + share * on_rope)
    return np.stack(hands, axis=1)


def _feet_on_wall(ascent: Ascent, phase: Series, climbed: Series, away: Series) -> Series:
    frames, feet = len(phase), []
    for side, sign in enumerate((-1, 1)):
        held = _held(ascent, phase + side / 2 + 0.5, climbed)
        below = -(LEG * 0.74) + 0.30 * ascent.lean
        feet.append(point(sign * (0.11 + 0.03 * ascent.lean), below + held, away, frames))
    return np.stack(feet, axis=1)


def _held(ascent: Ascent, phase: Series, climbed: Series) -> Series:
    """Return the height of a hold relative to the body, which sinks until the limb moves on."""
    stride = ascent.speed / ascent.cadence
    reached = stride * stairs(phase)
    relative = reached - climbed
    return relative - relative.mean()


def _rope(rng: np.random.Generator, times: Series, joints: Joints, pose: Pose) -> list[Track]:
    """Draw a rope from above to the harness, and often its end below."""
    frames = len(times)
    pelvis = joints.place["pelvis"] + np.array([0, -0.05]) * pose.height[:, None]
    colours = ((214, 60, 70), (60, 140, 210), (236, 196, 60), (90, 190, 100), (226, 226, 226))
    colour = colours[rng.integers(len(colours))]
    width = float(np.clip(0.016 * pose.height[0], 1.1, 3.0))
    anchor = np.stack(
        [pelvis[:, 0].mean() + rng.normal(0, 25) * np.ones(frames), np.full(frames, -80.0)], -1
    )
    tracks = [Track(np.stack([anchor, pelvis], 1), colour, width)]
    if rng.random() < 0.6:
        swing = 5 * wander(rng, times)
        steps = np.linspace(0, 1, 8)
        x = pelvis[:, :1] + steps * 12 + swing[:, None] * np.sin(3 * steps)
        y = pelvis[:, 1:] + steps * 420
        tracks.append(Track(np.stack([x, y], -1), colour, width))
    return tracks


def _ice_axes(joints: Joints, height: float) -> list[Track]:
    tracks = []
    for side in ("left", "right"):
        hand = joints.place[f"{side} hand"]
        tip = hand + np.array([0.03, -0.2]) * height
        pick = tip + np.array([-0.09, 0.03]) * height
        tracks.append(Track(np.stack([hand, tip, pick], 1), (40, 40, 46), max(1.2, height * 0.02)))
    return tracks


def _profile_backdrop(
    rng: np.random.Generator, wall: NDArray[np.uint8], edge: float
) -> NDArray[np.uint8]:
    """Cut the wall at a ragged vertical edge, with sky and a distant valley beside it."""
    height, width = wall.shape[:2]
    beyond = textures.sky(rng, height, width)
    textures.ridge(rng, beyond, height * rng.uniform(0.55, 0.9), 60, (112, 128, 136))
    textures.ridge(rng, beyond, height * rng.uniform(0.8, 1.0), 40, (74, 96, 70))
    profile = edge + 14 * (textures.fractal(rng, height, 1, (40, 1.5), octaves=4)[:, 0] - 0.5)
    outside = np.arange(width)[None] > profile[:, None]
    return np.where(outside[..., None], beyond, wall)


def _follow(rng: np.random.Generator, pose: Pose, height: float) -> Series:
    """Return the camera's focus, which partly follows the body, off centre."""
    share = rng.beta(1.2, 1.8)
    middle = pose.root.mean(0)
    offset = rng.normal(0, 1, 2) * np.array([45, 18]) - np.array([0, 0.12 * height])
    return middle + share * (pose.root - middle) + offset
