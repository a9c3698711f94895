"""Scenes in a park: disc golfing, and throwing or catching a frisbee."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.body import LEG, Joints, Outfit, Pose, figure, solve
from insight_dagster.demo.drawing.camera import wander
from insight_dagster.demo.drawing.motion_curves import ease, keyed, point
from insight_dagster.demo.drawing.shapes import Shot, Track, ellipse

Series = NDArray[np.floating]
_CANVAS = (380, 560)
_HORIZON = 150


def disc_golfing(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a drive or a putt towards a chain basket among trees."""
    height = float(np.exp(rng.uniform(np.log(55), np.log(165))))
    ground = _HORIZON + height * 0.55 + rng.uniform(25, 60)
    start = np.array([rng.uniform(190, 260), ground])
    basket = np.array([rng.uniform(360, 450), _HORIZON + rng.uniform(18, 60)])
    field = _park(rng, trees=int(rng.integers(4, 13)), lush=True)
    if rng.random() < 0.85:
        _basket(field, basket, size=rng.uniform(30, 70))
    putt = rng.random() < 0.4
    pose, release = (_putt if putt else _drive)(rng, times, start, height)
    joints = solve(pose)
    target = basket - [0, 20] if putt else basket + [rng.uniform(0, 120), rng.uniform(-70, -10)]
    disc = _flight(times, joints, release, target, height)
    tracks = [_shadow(joints, height, ground)]
    tracks += [*_bystander(rng, times, basket), *figure(pose, Outfit.draw(rng), joints)]
    tracks += [*disc, *_branches(rng, times)]
    return Shot(field, tuple(tracks), _follow(rng, pose, basket), _zoom(rng, times))


def frisbee(rng: np.random.Generator, times: Series) -> Shot:
    """Draw two people who throw a disc to each other on a lawn or a beach."""
    height = float(np.exp(rng.uniform(np.log(60), np.log(140))))
    ground = _HORIZON + height * 0.55 + rng.uniform(20, 50)
    field = _park(rng, trees=int(rng.integers(0, 7)), lush=rng.random() < 0.6)
    places = [np.array([rng.uniform(150, 210), ground]), np.array([rng.uniform(340, 410), ground])]
    throw = rng.uniform(0.3, 0.8)
    pose, release = _drive(rng, times, places[0], height, start=throw)
    catcher = _catcher(rng, times, places[1], height * rng.uniform(0.9, 1.05), release)
    joints, other = solve(pose), solve(catcher)
    goal = other.place["left hand"].mean(0)
    tracks = [_shadow(joints, height, ground), _shadow(other, height, ground)]
    tracks += [*figure(catcher, Outfit.draw(rng), other), *figure(pose, Outfit.draw(rng), joints)]
    tracks += _flight(times, joints, release, goal, height)
    return Shot(field, tuple(tracks), _follow(rng, pose, places[1], pull=0.5), _zoom(rng, times))


def _drive(
    rng: np.random.Generator,
    times: Series,
    place: Series,
    height: float,
    start: float | None = None,
) -> tuple[Pose, float]:
    """Return the pose of a drive: reach back across the body, pull the disc through and let go."""
    frames = len(times)
    begin = rng.uniform(0.2, 0.9) if start is None else start
    release = begin + rng.uniform(0.75, 1.1)
    turn = ease(times, begin, begin + 0.5) - 2.1 * ease(times, begin + 0.45, release + 0.25)
    hand = keyed(
        times,
        [
            (begin, (0.12, 0.1, 0.15)),
            (begin + 0.5, (-0.34, 0.24, 0.12)),
            (release, (0.30, 0.30, 0.2)),
            (release + 0.5, (0.3, 0.42, -0.15)),
        ],
    )
    step = 0.5 * ease(times, begin - 0.3, release) * rng.uniform(0.3, 1.0)
    root = place + np.stack([step * height, -LEG * 0.95 * height + 0 * times], -1)
    feet = _stance(times, step, rng.uniform(0.1, 0.17))
    facing = rng.uniform(0.2, 0.9)
    return Pose(
        root,
        np.stack([point(-0.14, 0.02 - 0.1 * turn, 0.08, frames), hand], 1),
        feet,
        yaw=facing - 0.9 * turn,
        height=np.full(frames, height),
        pitch=0.15 + 0.12 * turn,
        roll=0.08 * turn,
    ), release


def _putt(
    rng: np.random.Generator, times: Series, place: Series, height: float
) -> tuple[Pose, float]:
    """Return the pose of a putt: face the basket, swing once or twice, push the disc."""
    frames = len(times)
    release = rng.uniform(1.1, 2.0)
    pump = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip(times / release * rng.choice([1, 2]), 0, 2))
    throw = ease(times, release - 0.25, release)
    hand = point(0.08, 0.05 + 0.1 * pump + 0.2 * throw, 0.2 - 0.12 * pump + 0.3 * throw, frames)
    root = place + point(0, -LEG * (0.93 + 0.04 * throw - 0.03 * pump) * height, 0, frames)[:, :2]
    feet = np.stack(
        [point(-0.07, -LEG * 0.95, -0.16, frames), point(0.07, -LEG * 0.96, 0.1, frames)], 1
    )
    feet[:, 0, 1] += 0.2 * throw * ease(times, release, release + 0.3)
    return Pose(
        root,
        np.stack([point(-0.16, 0.05 + 0.1 * throw, -0.05, frames), hand], 1),
        feet,
        yaw=np.full(frames, rng.uniform(0.9, 1.7)),
        height=np.full(frames, height),
        pitch=0.2 + 0.15 * throw,
        roll=0.02 * wander(rng, times),
    ), release


def _catcher(
    rng: np.random.Generator, times: Series, place: Series, height: float, release: float
) -> Pose:
    frames = len(times)
    ready = ease(times, release + 0.2, release + 0.8)
    side = 0.15 * wander(rng, times * 0.4)
    root = place + np.stack([side * height, -LEG * height * (0.93 + 0.05 * ready)], -1)
    hands = [
        point(s * 0.1 - 0.04, 0.08 + 0.25 * ready, 0.12 + 0.15 * ready, frames) for s in (-1, 1)
    ]
    feet = _stance(times, side, 0.11)
    return Pose(
        root,
        np.stack(hands, 1),
        feet,
        yaw=np.full(frames, -1.2),
        height=np.full(frames, height),
        pitch=np.full(frames, 0.1),
        roll=0 * times,
    )


def _stance(times: Series, step: Series, spread: float) -> Series:
    frames = len(times)
    stride = 0.1 * np.sin(8 * step)
    return np.stack(
        [point(-spread, -LEG * 0.96, -stride, frames), point(spread, -LEG * 0.96, stride, frames)],
        1,
    )


def _flight(
    times: Series, joints: Joints, release: float, target: Series, height: float
) -> list[Track]:
    """Draw the disc: in the hand until `release`, then in an arc to `target`."""
    hand = joints.place["right hand"]
    start = hand[min(int(np.searchsorted(times, release)), len(times) - 1)]
    way = np.clip((times - release) / 1.3, 0, 1)[:, None]
    arc = start + (target - start) * way - np.array([0, 38]) * np.sin(np.pi * way)
    place = np.where((times < release)[:, None], hand, arc)
    size = height * 0.075 * (1 - 0.55 * way)
    radii = np.concatenate([size, size * 0.34], 1)
    rim, top = (200, 40, 50), (250, 110, 60)
    return [
        Track(ellipse(place, radii, 0.25), rim),
        Track(ellipse(place - [0, 0.8], radii * 0.8, 0.25), top),
    ]


def _shadow(joints: Joints, height: float, ground: float) -> Track:
    centre = np.stack(
        [joints.place["pelvis"][:, 0], np.full(len(joints.place["pelvis"]), ground)], -1
    )
    return Track(ellipse(centre + [4, 1], (height * 0.2, height * 0.035)), (44, 60, 36))


def _bystander(rng: np.random.Generator, times: Series, near: Series) -> tuple[Track, ...]:
    if rng.random() < 0.6:
        return ()
    height = rng.uniform(35, 60)
    place = np.array(
        [near[0] + rng.choice([-1, 1]) * rng.uniform(50, 110), _HORIZON + 25 + height * 0.2]
    )
    frames = len(times)
    sway = 0.02 * wander(rng, times * 0.4)
    feet = np.stack([point(s * 0.07, -LEG, 0, frames) for s in (-1, 1)], 1)
    hands = np.stack([point(s * 0.13, -0.02 + sway, 0.06, frames) for s in (-1, 1)], 1)
    root = place + np.stack([sway * height, np.full(frames, -LEG * height)], -1)
    still = np.full(frames, height)
    return figure(
        Pose(root, hands, feet, 0 * times + rng.uniform(-1, 1), still, 0 * times, sway),
        Outfit.draw(rng),
    )


def _branches(rng: np.random.Generator, times: Series) -> list[Track]:
    """Draw leaves close to the camera that sway across a corner."""
    if rng.random() < 0.65:
        return []
    sway = np.stack([6 * wander(rng, times), 3 * wander(rng, times)], -1)
    corner = np.array([rng.choice([130, 420]), rng.uniform(60, 130)])
    tracks = []
    for _ in range(9):
        place = corner + rng.normal(0, 1, 2) * [40, 22]
        leaf = ellipse(
            place + sway, (rng.uniform(8, 20), rng.uniform(4, 9)), rng.uniform(0, 3), corners=10
        )
        tracks.append(Track(leaf, (int(rng.integers(20, 60)), int(rng.integers(60, 110)), 34)))
    return tracks


def _park(rng: np.random.Generator, *, trees: int, lush: bool) -> NDArray[np.uint8]:
    height, width = _CANVAS
    picture = textures.sky(rng, height, width)
    if lush:
        wood = textures.foliage(rng, 110, width)
        top = _HORIZON - int(rng.integers(40, 105))
        picture[top:_HORIZON] = wood[: _HORIZON - top]
        textures.ridge(
            rng, picture[:_HORIZON], top - 4, 14, tuple(int(c) for c in wood.mean((0, 1)))
        )
        picture[top + 6 : _HORIZON] = wood[: _HORIZON - top - 6]
    else:
        textures.ridge(rng, picture[:_HORIZON], _HORIZON - 12, 22, (116, 132, 128))
    ground = textures.grass(rng, height - _HORIZON, width)
    if not lush and rng.random() < 0.5:
        sand = textures.blend(
            (196, 172, 128),
            (232, 212, 170),
            textures.fractal(rng, height - _HORIZON, width, (14, 60)),
        )
        ground = sand
    picture[_HORIZON:] = ground
    for depth in np.sort(rng.random(trees)):
        foot = _HORIZON + 4 + 55 * depth**2
        textures.tree(rng, picture, rng.uniform(0, width), foot, 50 + 110 * depth, snowy=False)
    return picture


def _basket(picture: NDArray[np.uint8], foot: Series, *, size: float) -> None:
    """Paint a disc golf basket: pole, tray, chains and yellow band."""
    x, y = int(foot[0]), int(foot[1])
    half = int(size * 0.28)
    steel, dark = (176, 178, 184), (92, 94, 100)
    cv2.line(picture, (x, y), (x, y - int(size)), dark, max(1, int(size * 0.06)), cv2.LINE_AA)
    for share in np.linspace(-1, 1, 7):
        top, low = (
            (x + int(half * share), y - int(size * 0.93)),
            (x + int(half * 0.3 * share), y - int(size * 0.5)),
        )
        cv2.line(picture, top, low, steel, 1, cv2.LINE_AA)
    cv2.rectangle(
        picture,
        (x - half, y - int(size * 0.5)),
        (x + half, y - int(size * 0.36)),
        dark,
        1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        picture,
        (x, y - int(size * 0.5)),
        (half, max(2, half // 4)),
        0,
        0,
        360,
        steel,
        1,
        cv2.LINE_AA,
    )
    cv2.rectangle(
        picture,
        (x - half, y - int(size)),
        (x + half, y - int(size * 0.9)),
        (238, 196, 40),
        -1,
        cv2.LINE_AA,
    )


def _follow(
    rng: np.random.Generator, pose: Pose, other: Series, pull: float | None = None
) -> Series:
    share = rng.uniform(0.1, 0.55) if pull is None else pull
    middle = pose.root.mean(0) * (1 - share) + other * share
    tracking = rng.uniform(0, 0.6) * (pose.root - pose.root.mean(0))
    return middle + tracking + rng.normal(0, 1, 2) * [14, 8] - [0, 8]


def _zoom(rng: np.random.Generator, times: Series) -> Series:
    return np.full(len(times), rng.uniform(0.9, 1.15))
