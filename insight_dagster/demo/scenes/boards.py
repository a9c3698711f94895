"""Scenes on a board: snowboarding and skateboarding, filmed by a camera that moves along."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.body import LEG, Joints, Outfit, Pose, figure, solve
from insight_dagster.demo.drawing.camera import wander
from insight_dagster.demo.drawing.motion_curves import ease, point, run
from insight_dagster.demo.drawing.shapes import Shot, Track, capsule, ellipse

Series = NDArray[np.floating]
_CANVAS = (440, 980)


def snowboarding(rng: np.random.Generator, times: Series) -> Shot:
    """Draw turns down a slope from the side or from behind, with spray and sometimes a jump."""
    height = float(np.exp(rng.uniform(np.log(50), np.log(165))))
    steep = rng.uniform(0.06, 0.34)
    slope = _slope(rng, steep)
    turn = np.sin(2 * np.pi * rng.uniform(0.35, 0.8) * times + rng.uniform(0, 6))
    root = _descent(rng, times, turn, steep, height)
    air = _air(rng, times)
    pose = _rider(
        rng, times, root - np.array([0, 1]) * (air * height)[:, None], height, turn, air, low=True
    )
    joints = solve(pose)
    warm = Outfit.draw(
        rng,
        sleeves=True,
        trousers=True,
        bulk=rng.uniform(1.15, 1.4),
        helmet=tuple(int(c) for c in rng.integers(30, 250, 3)),
    )
    tracks = [_ground_shadow(root, height, (150, 166, 190))]
    tracks += _spray(rng, times, joints, turn, air, height)
    tracks += [
        *_board(rng, joints, height, long=0.42),
        *figure(pose, warm, joints),
        *_goggles(joints, pose),
    ]
    return Shot(slope, tuple(tracks), _ride_along(rng, root, height), _zoom(rng, times))


def skateboarding(rng: np.random.Generator, times: Series) -> Shot:
    """Draw pushing and jumping along a street or through a park."""
    height = float(np.exp(rng.uniform(np.log(60), np.log(160))))
    ground = 300.0
    street = _street(rng, int(ground))
    pushing = rng.random() < 0.5
    speed = rng.uniform(0.5, 1.7) * height
    x = 490 + speed * (times - times.mean())
    air = 1.2 * _air(rng, times)
    root = np.stack([x, np.full(len(times), ground - height * LEG * 0.97)], -1)
    lifted = root - np.array([0, 1]) * (air * height)[:, None]
    pose = _rider(rng, times, lifted, height, 0.5 * wander(rng, times * 0.4), air, low=False)
    if pushing:
        pose = _pushing(pose, times, rng.uniform(0.7, 1.3))
    joints = solve(pose)
    tracks = [_ground_shadow(root, height, (60, 60, 64))]
    tracks += [*_skateboard(joints, height), *figure(pose, Outfit.draw(rng), joints)]
    return Shot(street, tuple(tracks), _ride_along(rng, root, height), _zoom(rng, times))


def _descent(
    rng: np.random.Generator, times: Series, turn: Series, steep: float, height: float
) -> Series:
    speed = rng.uniform(70, 210)
    x = 490 + speed * (times - times.mean())
    y = 255 + (x - 490) * steep + 0.10 * height * turn
    return np.stack([x, y - height * LEG * 0.85], -1)


def _air(rng: np.random.Generator, times: Series) -> Series:
    """Return the height above the ground in body heights: one jump in a third of the clips."""
    if rng.random() > 0.35:
        return 0 * times
    start, span = rng.uniform(0.4, 1.6), rng.uniform(0.5, 0.9)
    return rng.uniform(0.15, 0.5) * np.sin(np.pi * np.clip((times - start) / span, 0, 1))


def _rider(
    rng: np.random.Generator,
    times: Series,
    root: Series,
    height: float,
    turn: Series,
    air: Series,
    *,
    low: bool,
) -> Pose:
    """Return a pose sideways on a board: feet apart, knees bent, arms out, leaning."""
    frames = len(times)
    crouch = (0.15 if low else 0.08) + 0.05 * np.abs(turn) + 0.25 * air
    down = crouch * height
    feet = [point(s * 0.16, -LEG * 0.97 + crouch, 0.0, frames) for s in (-1, 1)]
    lift = 0.16 * wander(rng, times * 0.7)
    hands = [
        point(s * 0.3, 0.16 + s * lift + 0.15 * air, 0.08 + 0.06 * turn, frames) for s in (-1, 1)
    ]
    back = rng.random() < 0.5
    facing = (np.pi if back else 0.0) + rng.uniform(-0.45, 0.45)
    return Pose(
        root + np.stack([0 * down, 0.7 * down], -1),
        np.stack(hands, 1),
        np.stack(feet, 1),
        yaw=facing + 0.25 * turn + 0.4 * air,
        height=np.full(frames, height),
        pitch=0.3 + 0.1 * np.abs(turn),
        roll=0.06 + (0.24 if low else 0.1) * turn,
        knee=(0.5, 0.1, 1.0),
    )


def _pushing(pose: Pose, times: Series, rate: float) -> Pose:
    """Return the pose of the same rider with one foot on the ground, pushing."""
    feet = pose.feet.copy()
    feet[:, 0] = run(times * rate, stride=0.2, lift=0.12, reach=LEG * 0.97)[:, 0]
    return Pose(
        pose.root, pose.hands, feet, np.full(len(times), 1.2), pose.height, pose.pitch, pose.roll
    )


def _board(rng: np.random.Generator, joints: Joints, height: float, long: float) -> list[Track]:
    left, right = joints.place["left foot"], joints.place["right foot"]
    middle = (left + right) / 2 + [0, 0.035 * height]
    axis = right - left
    axis = (
        axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 0.3 * height) * long * height
    )
    colour = tuple(int(c) for c in rng.integers(30, 240, 3))
    thick = height * 0.03
    return [
        Track(capsule(middle - axis, middle + axis, thick, thick), (36, 36, 44)),
        Track(
            capsule(
                middle - axis * 0.9 - [0, 1], middle + axis * 0.9 - [0, 1], thick * 0.5, thick * 0.5
            ),
            colour,
        ),
    ]


def _skateboard(joints: Joints, height: float) -> list[Track]:
    right = joints.place["right foot"]
    middle = right + np.array([-0.10, 0.04]) * height
    axis = np.array([0.2, 0.0]) * height
    deck = capsule(middle - axis, middle + axis, height * 0.016, height * 0.016)
    wheels = [
        Track(
            ellipse(
                middle + np.array([s * 0.13, 0.035]) * height, (height * 0.022, height * 0.022)
            ),
            (230, 226, 214),
        )
        for s in (-1, 1)
    ]
    return [*wheels, Track(deck, (52, 36, 28))]


def _goggles(joints: Joints, pose: Pose) -> list[Track]:
    if np.cos(pose.yaw).mean() < -0.3:
        return []
    head = joints.place["head"]
    size = pose.height[0]
    band = np.array([0.045, 0.0]) * size
    return [
        Track(capsule(head - band, head + band, size * 0.024, size * 0.024), (24, 24, 30)),
        Track(
            capsule(head - band * 0.8, head + band * 0.6, size * 0.012, size * 0.012),
            (220, 130, 60),
        ),
    ]


def _spray(
    rng: np.random.Generator,
    times: Series,
    joints: Joints,
    turn: Series,
    air: Series,
    height: float,
) -> list[Track]:
    """Draw snow that is thrown up behind the board, more in hard turns, none in the air."""
    tail = joints.place["left foot"] + [0, 0.03 * height]
    strength = np.clip(np.abs(np.gradient(turn)) * 12, 0.15, 1) * (air < 0.02)
    tracks = []
    for _ in range(14):
        life = (times * rng.uniform(1.2, 2.6) + rng.random()) % 1
        drift = np.stack(
            [-life * rng.uniform(0.2, 0.7), -life * (1 - life) * rng.uniform(0.3, 1.2)], -1
        )
        place = tail + drift * height * strength[:, None]
        size = (0.015 + 0.05 * life) * height * strength
        puff = ellipse(place, np.stack([size, size * 0.8], -1), corners=9)
        tracks.append(Track(puff, (246, 249, 253), visible=strength > 0.1))
    return tracks


def _ground_shadow(root: Series, height: float, colour: tuple[int, int, int]) -> Track:
    return Track(
        ellipse(root + [6, height * (LEG * 0.99)], (height * 0.26, height * 0.035)), colour
    )


def _slope(rng: np.random.Generator, steep: float) -> NDArray[np.uint8]:
    """Draw sky, mountains, the edge of a forest and a snow slope that falls to the right."""
    height, width = _CANVAS
    picture = textures.sky(rng, height, width)
    far = int(rng.integers(110, 190))
    textures.ridge(rng, picture, far, rng.uniform(40, 90), (148, 166, 190))
    textures.ridge(rng, picture, far + 24, rng.uniform(20, 50), (206, 216, 230))
    ground = textures.snow(rng, height, width)
    columns = np.arange(width)
    line = 195 + (columns - width / 2) * steep + 6 * textures.fractal(rng, 1, width, (1.5, 90))[0]
    below = np.arange(height)[:, None] > line[None]
    picture = np.where(below[..., None], ground, picture)
    for x in np.sort(rng.uniform(0, width, int(rng.integers(2, 26)))):
        foot = line[int(x)] + rng.uniform(2, 26)
        textures.tree(rng, picture, x, foot, rng.uniform(28, 95), snowy=rng.random() < 0.7)
    return np.ascontiguousarray(picture)


def _street(rng: np.random.Generator, ground: int) -> NDArray[np.uint8]:
    """Draw house fronts or a park behind a strip of asphalt with kerb, rails and ramps."""
    height, width = _CANVAS
    picture = textures.sky(rng, height, width)
    if rng.random() < 0.5:
        textures.ridge(rng, picture, ground - 90, 50, (84, 108, 76))
    x = 0
    while x < width and rng.random() < 0.93:
        x += _house(rng, picture, x, ground)
    floor = ground - int(rng.integers(8, 34))
    picture[floor:] = textures.asphalt(rng, height - floor, width)
    cv2.line(picture, (0, floor), (width, floor), (184, 182, 176), 4)
    for start in rng.uniform(100, width - 100, 3).astype(int):
        corners = np.array(
            [[start, ground], [start + 90, ground], [start + 90, ground - 34]], np.int32
        )
        cv2.fillConvexPoly(picture, corners, (118, 112, 108), cv2.LINE_AA)
    return picture


def _house(rng: np.random.Generator, picture: NDArray[np.uint8], x: int, ground: int) -> int:
    width, top = int(rng.integers(70, 180)), int(rng.integers(20, 170))
    front = tuple(int(c) for c in rng.integers(90, 210, 3))
    cv2.rectangle(picture, (x, top), (x + width, ground), front, -1)
    glass = tuple(int(c * 0.5) for c in front)
    for row in range(top + 14, ground - 30, 36):
        for column in range(x + 10, x + width - 20, 30):
            cv2.rectangle(picture, (column, row), (column + 15, row + 20), glass, -1)
    return width + int(rng.integers(0, 50))


def _ride_along(rng: np.random.Generator, root: Series, height: float) -> Series:
    """Return the camera's focus, which follows the rider imperfectly."""
    share = rng.uniform(0.55, 1.0)
    middle = root.mean(0)
    offset = rng.normal(0, 1, 2) * [26, 12]
    return middle + share * (root - middle) + offset


def _zoom(rng: np.random.Generator, times: Series) -> Series:
    approach = rng.normal(0, 0.12) * ease(times, 0, times[-1])
    return rng.uniform(0.9, 1.12) + approach
