"""Scenes on a court: playing basketball (dribbling, passing, shooting) and dunking."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing import textures
from insight_dagster.demo.drawing.body import LEG, Joints, Outfit, Pose, figure, solve
from insight_dagster.demo.drawing.camera import wander
from insight_dagster.demo.drawing.motion_curves import ease, point, run, swing_arms
from insight_dagster.demo.drawing.shapes import Shot, Track, ellipse

Series = NDArray[np.floating]
_CANVAS = (400, 640)
_FLOOR = 190
_ORANGE, _SEAM = (224, 118, 44), (80, 42, 20)


def playing_basketball(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a dribble among defenders, which ends with a shot in half of the clips."""
    height = float(np.exp(rng.uniform(np.log(60), np.log(165))))
    ground = _FLOOR + rng.uniform(70, 120)
    hoop = np.array([rng.uniform(440, 560), _FLOOR - rng.uniform(20, 70)])
    court = _court(rng, hoop, size=rng.uniform(60, 100), shown=rng.random() < 0.75)
    shot_time = rng.uniform(1.2, 2.4) if rng.random() < 0.5 else np.inf
    pose = _dribbler(rng, times, np.array([rng.uniform(200, 330), ground]), height, shot_time)
    joints = solve(pose)
    ball = _ball_path(times, joints, ground, height, hoop, shot_time)
    back, front = _players(rng, times, pose, height, ground)
    player = [*figure(pose, _kit(rng), joints), *_ball(ball, height)]
    tracks = [*_shadows(pose, ground, height), *back, *player, *front]
    focus = _follow(rng, pose, hoop, rng.uniform(0, 0.35))
    return Shot(court, tuple(tracks), focus, np.full(len(times), rng.uniform(0.9, 1.15)))


def dunking(rng: np.random.Generator, times: Series) -> Shot:
    """Draw a run-up, a jump to the rim, and the dunk."""
    height = float(np.exp(rng.uniform(np.log(70), np.log(130))))
    ground = _FLOOR + rng.uniform(70, 110)
    leap = rng.uniform(1.1, 1.8)
    rise = ease(times, leap, leap + 0.45) - ease(times, leap + 0.7, leap + 1.15)
    hoop = np.array([rng.uniform(400, 460), ground - height * 1.62])
    court = _court(rng, hoop, size=height * 0.75, shown=True)
    approach = ease(times, -0.6, leap + 0.5)
    x = hoop[0] - height * 0.35 - (1 - approach) * height * rng.uniform(1.5, 2.6)
    root = np.stack([x, ground - height * (LEG * 0.95 + 0.55 * rise)], -1)
    pose = _dunker(rng, times, root, height, rise, leap)
    joints = solve(pose)
    ball = _slam(times, joints, hoop, leap + 0.75, ground)
    tracks = [
        *_shadows(pose, ground, height),
        *figure(pose, _kit(rng), joints),
        *_ball(ball, height),
    ]
    focus = _follow(rng, pose, hoop, 0.45)
    return Shot(court, tuple(tracks), focus, np.full(len(times), rng.uniform(0.85, 1.1)))


def _dribbler(
    rng: np.random.Generator, times: Series, place: Series, height: float, shot_time: float
) -> Pose:
    frames = len(times)
    pace = rng.uniform(0.0, 1.1)
    cadence = 0.7 + 1.1 * pace
    shooting = ease(times, shot_time - 0.3, shot_time) if np.isfinite(shot_time) else 0 * times
    moving = 1 - shooting
    phase = np.cumsum(moving) * (times[1] - times[0]) * cadence
    travel = np.cumsum(moving) * (times[1] - times[0]) * pace * 0.8 * height
    jump = (
        0.16 * np.sin(np.pi * np.clip((times - shot_time + 0.2) / 0.7, 0, 1))
        if np.isfinite(shot_time)
        else 0
    )
    crouch = 0.06 * moving * (1 + 0.3 * wander(rng, times))
    root = place + np.stack([travel - travel.mean(), -height * (LEG * 0.96 - crouch + jump)], -1)
    feet = run(phase, stride=0.08 + 0.2 * pace, lift=0.12, reach=LEG * 0.95 - 0.02)
    beat = _beat(times, rng)
    dribble = point(0.2, -0.02 + 0.09 * beat, 0.16, frames)
    high = point(0.05, 0.62, 0.12, frames)
    right = dribble * moving[:, None] + high * shooting[:, None]
    left = (
        swing_arms(phase, size=0.12)[:, 0] * moving[:, None]
        + (high - [0.1, 0.02, 0]) * shooting[:, None]
    )
    yaw = rng.uniform(0.3, 1.5) + 0.3 * wander(rng, times * 0.4)
    return Pose(
        root,
        np.stack([left, right], 1),
        feet,
        yaw=yaw,
        height=np.full(frames, height),
        pitch=0.28 * moving + 0.02,
        roll=0.04 * wander(rng, times),
    )


def _beat(times: Series, rng: np.random.Generator) -> Series:
    """Return the rhythm of a dribble: 1 when hand and ball are up, 0 when the hand pushes down."""
    rate = rng.uniform(1.5, 2.4)
    return 0.5 + 0.5 * np.cos(2 * np.pi * rate * times)


def _ball_path(
    times: Series, joints: Joints, ground: float, height: float, hoop: Series, shot_time: float
) -> Series:
    """Return the path of the ball: between hand and floor, then in an arc to the hoop."""
    hand = joints.place["right hand"]
    radius = 0.075 * height
    lowest, highest = hand[:, 1].min(), hand[:, 1].max()
    up = np.clip((highest - hand[:, 1]) / max(highest - lowest, 1e-3), 0, 1)
    if np.isfinite(shot_time):
        before = times < shot_time - 0.3
        dribble = hand[before, 1] if before.any() else hand[:1, 1]
        up = np.clip((dribble.max() - hand[:, 1]) / max(np.ptp(dribble), 1e-3), 0, 1)
    bounce = np.sqrt(np.clip(up, 0, 1))
    low = ground - radius
    y = low + (hand[:, 1] + radius - low) * bounce
    path = np.stack([hand[:, 0] + 0.04 * height, y], -1)
    if not np.isfinite(shot_time):
        return path
    held = ease(times, shot_time - 0.35, shot_time - 0.2)[:, None]
    path = path * (1 - held) + (hand - [0, radius]) * held
    start = path[min(int(np.searchsorted(times, shot_time)), len(times) - 1)]
    way = np.clip((times - shot_time) / 0.9, 0, 1)[:, None]
    arc = start + (hoop - start) * way - np.array([0, 70]) * np.sin(np.pi * way)
    fall = np.clip(times - shot_time - 0.9, 0, None)[:, None] ** 2 * [0, 300]
    return np.where(
        (times < shot_time)[:, None], path, arc + np.minimum(fall, [0, ground - hoop[1]])
    )


def _dunker(
    rng: np.random.Generator, times: Series, root: Series, height: float, rise: Series, leap: float
) -> Pose:
    frames = len(times)
    phase = np.minimum(times, leap) * 1.9
    reaching = ease(times, leap - 0.1, leap + 0.4)
    feet = run(phase, stride=0.26, lift=0.16, reach=LEG * 0.95)
    feet = feet + (np.array([0, 0.2, -0.14]) * rise[:, None])[:, None]
    carry = point(0.14, 0.05, 0.22, frames)
    top = point(0.08, 0.6, 0.24, frames)
    right = carry * (1 - reaching[:, None]) + top * reaching[:, None]
    left = swing_arms(phase, size=0.15)[:, 0] + np.array([0, 0.2, 0.1]) * reaching[:, None]
    return Pose(
        root,
        np.stack([left, right], 1),
        feet,
        yaw=np.full(frames, rng.uniform(1.0, 1.6)),
        height=np.full(frames, height),
        pitch=0.25 - 0.2 * reaching,
        roll=0.06 * rise,
    )


def _slam(times: Series, joints: Joints, hoop: Series, moment: float, ground: float) -> Series:
    hand = joints.place["right hand"]
    fall = hoop + np.clip(times - moment, 0, None)[:, None] ** 2 * [0, 420]
    fall[:, 1] = np.minimum(fall[:, 1], ground - 6)
    near = ease(times, moment - 0.2, moment)[:, None]
    return np.where((times < moment)[:, None], hand * (1 - near) + hoop * near, fall)


def _players(
    rng: np.random.Generator, times: Series, pose: Pose, height: float, ground: float
) -> tuple[list[Track], list[Track]]:
    """Draw other players behind and in front of the one with the ball."""
    back: list[Track] = []
    front: list[Track] = []
    for _ in range(int(rng.integers(0, 4))):
        depth = rng.uniform(-0.35, 0.15)
        size = height * (1 + depth)
        place = np.array([pose.root[:, 0].mean() + rng.uniform(-1, 1) * 190, ground + depth * 70])
        phase = times * rng.uniform(0.4, 1.4) + rng.random()
        travel = rng.normal(0, 0.35) * size * (times - times.mean())
        root = place + np.stack([travel, np.full(len(times), -LEG * 0.95 * size)], -1)
        feet = run(phase, stride=rng.uniform(0.04, 0.2), lift=0.08, reach=LEG * 0.96)
        hands = swing_arms(phase, size=0.1) + [0, rng.uniform(0, 0.3), 0.05]
        other = Pose(
            root,
            hands,
            feet,
            0 * times + rng.uniform(-1.6, 1.6),
            np.full(len(times), size),
            np.full(len(times), 0.15),
            0 * times,
        )
        (front if depth > 0.05 else back).extend(figure(other, _kit(rng)))
    return back, front


def _kit(rng: np.random.Generator) -> Outfit:
    return Outfit.draw(rng, sleeves=False, trousers=bool(rng.random() < 0.3))


def _ball(path: Series, height: float) -> list[Track]:
    radius = max(0.075 * height, 3.5)
    seam = np.stack([path - [radius, 0], path + [radius, 0]], 1)
    return [
        Track(ellipse(path, (radius, radius)), _SEAM),
        Track(ellipse(path, (radius * 0.92, radius * 0.92)), _ORANGE),
        Track(ellipse(path - radius * 0.3, (radius * 0.4, radius * 0.4)), (246, 160, 84)),
        Track(seam, _SEAM, max(0.8, radius * 0.12)),
    ]


def _shadows(pose: Pose, ground: float, height: float) -> list[Track]:
    centre = np.stack([pose.root[:, 0], np.full(len(pose.root), ground)], -1)
    return [Track(ellipse(centre, (height * 0.2, height * 0.035)), (58, 46, 36))]


def _court(
    rng: np.random.Generator, hoop: Series, *, size: float, shown: bool
) -> NDArray[np.uint8]:
    """Draw a gym or an outdoor court with lines, seats or a fence, and a hoop."""
    height, width = _CANVAS
    indoor = rng.random() < 0.6
    if indoor:
        wall = tuple(int(c) for c in rng.integers(60, 200, 3))
        shade = textures.fractal(rng, height, width, (120, 200), octaves=2)
        picture = textures.blend(tuple(int(c * 0.75) for c in wall), wall, shade)
        _crowd(rng, picture)
        picture[_FLOOR:] = textures.planks(rng, height - _FLOOR, width)
    else:
        picture = textures.sky(rng, height, width)
        textures.ridge(rng, picture, _FLOOR - 20, 40, (96, 110, 92))
        _fence(picture)
        picture[_FLOOR:] = textures.asphalt(rng, height - _FLOOR, width)
    _lines(rng, picture)
    if shown:
        _hoop(picture, hoop, size)
    return picture


def _crowd(rng: np.random.Generator, picture: NDArray[np.uint8]) -> None:
    """Paint rows of spectators or empty seats."""
    colours = rng.integers(30, 220, (14, 3))
    for row in range(int(rng.integers(0, 5))):
        y = _FLOOR - 22 - 20 * row
        for x in range(int(rng.integers(0, 14)), picture.shape[1], 15):
            colour = tuple(int(c) for c in colours[rng.integers(14)])
            cv2.ellipse(picture, (x, y + 12), (6, 10), 0, 180, 360, colour, -1, cv2.LINE_AA)
            cv2.circle(picture, (x, y - 1), 4, (188, 146, 120), -1, cv2.LINE_AA)


def _fence(picture: NDArray[np.uint8]) -> None:
    grey, width = (128, 132, 130), picture.shape[1]
    for x in range(-_FLOOR, width, 12):
        cv2.line(picture, (x, _FLOOR), (x + 120, _FLOOR - 120), grey, 1, cv2.LINE_AA)
        cv2.line(picture, (x + 120, _FLOOR), (x, _FLOOR - 120), grey, 1, cv2.LINE_AA)
    for x in range(0, width, 90):
        cv2.line(picture, (x, _FLOOR), (x, _FLOOR - 124), (84, 88, 88), 3, cv2.LINE_AA)


def _lines(rng: np.random.Generator, picture: NDArray[np.uint8]) -> None:
    paint = ((240, 240, 236), (226, 200, 60), (40, 60, 120))[rng.integers(3)]
    height, width = picture.shape[:2]
    y = _FLOOR + int(rng.integers(16, 40))
    cv2.line(picture, (0, y), (width, y), paint, 3, cv2.LINE_AA)
    centre = (int(rng.integers(180, 480)), y + int(rng.integers(50, 120)))
    cv2.ellipse(picture, centre, (130, 34), 0, 0, 360, paint, 3, cv2.LINE_AA)
    side = int(rng.integers(0, width))
    cv2.line(picture, (side, y), (side - 90, height), paint, 3, cv2.LINE_AA)


def _hoop(picture: NDArray[np.uint8], rim: Series, size: float) -> None:
    """Paint pole, backboard, rim and net; the rim's centre is at `rim`."""
    x, y = int(rim[0]), int(rim[1])
    half = int(size * 0.2)
    board = (x + half + 2, y - int(size * 0.55)), (x + half + int(size * 0.5), y + int(size * 0.08))
    pole = x + half + int(size * 0.42)
    cv2.line(
        picture, (pole, y), (pole, _FLOOR + 30), (70, 72, 78), max(3, int(size * 0.07)), cv2.LINE_AA
    )
    cv2.rectangle(picture, *board, (236, 238, 240), -1, cv2.LINE_AA)
    cv2.rectangle(picture, *board, (180, 40, 40), 2, cv2.LINE_AA)
    for share in np.linspace(-1, 1, 6):
        low = (x + int(half * 0.55 * share), y + int(size * 0.34))
        cv2.line(picture, (x + int(half * share), y), low, (230, 230, 230), 1, cv2.LINE_AA)
    cv2.ellipse(
        picture, (x, y), (half, max(2, half // 4)), 0, 0, 360, (232, 84, 32), 2, cv2.LINE_AA
    )


def _follow(rng: np.random.Generator, pose: Pose, hoop: Series, pull: float) -> Series:
    middle = pose.root.mean(0) * (1 - pull) + hoop * pull
    return middle + rng.uniform(0.2, 1.0) * (pose.root - pose.root.mean(0)) + rng.normal(0, 12, 2)
