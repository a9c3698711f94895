"""An articulated human figure: joints by two-bone inverse kinematics, limbs as shaded capsules.

Building and drawing a body belongs here; what it does (`scenes`) does not.

The body frame is in body heights: x to the person's right, y up, z forward, from the pelvis. With a
yaw of 0 the figure faces the camera, with pi/2 right in the picture, with pi it shows its back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insight_dagster.demo.drawing.shapes import Colour, Track, capsule, ellipse, shaded

HIP_HALF, SHOULDER_HALF, TORSO = 0.055, 0.105, 0.29
UPPER_ARM, FOREARM, THIGH, SHIN = 0.165, 0.165, 0.245, 0.25
LEG = THIGH + SHIN
_HEAD, _NECK = 0.068, 0.125

Series = NDArray[np.floating]


@dataclass(frozen=True)
class Pose:
    """A body over time.

    Attributes:
        root: (T, 2) pelvis in world units.
        hands: (T, 2, 3) targets of the left and right hand in the body frame.
        feet: (T, 2, 3) targets of the left and right foot in the body frame.
        yaw: (T,) radians.
        height: (T,) body height in world units.
        pitch: (T,) forward bend of the torso in radians.
        roll: (T,) rotation in the picture in radians.
        elbow: direction in which the right elbow bends; mirrored for the left.
        knee: direction in which the right knee bends; mirrored for the left.
        tuck: how far the toes point down, 0-1.
    """

    root: Series
    hands: Series
    feet: Series
    yaw: Series
    height: Series
    pitch: Series
    roll: Series
    elbow: tuple[float, float, float] = (0.5, -0.6, -0.5)
    knee: tuple[float, float, float] = (0.25, 0.2, 1.0)
    tuck: float = 0.0

    def __post_init__(self) -> None:
        frames = len(self.root)
        for name, shape in (("hands", (frames, 2, 3)), ("feet", (frames, 2, 3))):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must be {shape}, got {getattr(self, name).shape}")


@dataclass(frozen=True)
class Outfit:
    """The colours and build of a figure; a helmet replaces the hair."""

    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    shoe: Colour
    helmet: Colour | None = None
    harness: Colour | None = None
    sleeves: bool = True
    trousers: bool = True
    bulk: float = 1.0

    @classmethod
    def draw(cls, rng: np.random.Generator, **fixed: object) -> Outfit:
        """Return random colours and a random build; `fixed` overrides fields."""
        tone = rng.uniform(0.35, 1.0)
        values: dict[str, object] = {
            "skin": shaded((236, 190, 160), tone),
            "hair": shaded((120, 80, 45), rng.uniform(0.15, 1.7)),
            "top": _cloth(rng),
            "bottom": _cloth(rng, saturation=0.35),
            "shoe": _cloth(rng),
            "sleeves": bool(rng.random() < 0.6),
            "bulk": float(rng.uniform(0.85, 1.2)),
        }
        return cls(**{**values, **fixed})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Joints:
    """The places of joints in world units (T, 2), and their mean depths (large is near)."""

    place: dict[str, Series]
    depth: dict[str, float]


def solve(pose: Pose) -> Joints:
    """Compute the joints of a pose; hands and feet reach their targets as far as limbs allow."""
    frames = len(pose.root)
    chest = _torso(pose.pitch)
    zero = np.zeros((frames, 3))
    body = {"pelvis": zero, "chest": chest * TORSO, "head": chest * (TORSO + _NECK)}
    for side, sign in (("left", -1), ("right", 1)):
        index = 0 if sign < 0 else 1
        shoulder = chest * TORSO * 0.93 + np.array([sign * SHOULDER_HALF, 0, 0])
        hip = zero + np.array([sign * HIP_HALF, 0, 0])
        mirror = np.array([sign, 1, 1])
        elbow, hand = reach(
            shoulder, pose.hands[:, index], UPPER_ARM, FOREARM, mirror * np.array(pose.elbow)
        )
        knee, foot = reach(hip, pose.feet[:, index], THIGH, SHIN, mirror * np.array(pose.knee))
        toe = foot + np.array([0.0, -0.012 - 0.05 * pose.tuck, 0.075])
        limbs = {"shoulder": shoulder, "hip": hip, "elbow": elbow, "hand": hand}
        limbs |= {"knee": knee, "foot": foot, "toe": toe}
        body |= {f"{side} {name}": place for name, place in limbs.items()}
    return _project(body, pose)


def reach(
    start: Series, target: Series, first: float, second: float, pole: Series
) -> tuple[Series, Series]:
    """Compute the middle joint and the end of a two-bone limb, (T, 3) each.

    Args:
        start: (T, 3) first joint.
        target: (T, 3) where the end should be; beyond the limb's length it is not reached.
        first: length of the first bone.
        second: length of the second bone.
        pole: direction in which the limb bends.
    """
    line = target - start
    distance = np.clip(np.linalg.norm(line, axis=1), 0.03, (first + second) * 0.999)[:, None]
    along = line / np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-6)
    side = pole - (along * pole).sum(1, keepdims=True) * along
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    cosine = np.clip((first**2 + distance**2 - second**2) / (2 * first * distance), -1, 1)
    sine = np.sqrt(1 - cosine**2)
    return start + first * (cosine * along + sine * side), start + distance * along


def figure(pose: Pose, outfit: Outfit, joints: Joints | None = None) -> tuple[Track, ...]:
    """Return the shapes of a clothed figure, from back to front."""
    joints = joints or solve(pose)
    parts: list[tuple[float, list[Track]]] = [
        (joints.depth["pelvis"], _trunk(joints, pose, outfit))
    ]
    for side in ("left", "right"):
        parts.append((joints.depth[f"{side} knee"] - 0.01, _leg(joints, pose, outfit, side)))
        parts.append((joints.depth[f"{side} elbow"] + 0.01, _arm(joints, pose, outfit, side)))
    head_in_front = joints.depth["head"] + 0.005
    parts.append((head_in_front, _head(joints, pose, outfit)))
    ordered = sorted(parts, key=lambda part: part[0])
    return tuple(track for _, tracks in ordered for track in tracks)


def limb(start: Series, end: Series, r0: Series, r1: Series, colour: Colour) -> list[Track]:
    """Return a capsule with a dark rim and a bright core, so that it looks round."""
    light = np.array([-0.22, -0.22]) * np.asarray(r0)[:, None]
    return [
        Track(capsule(start, end, r0, r1), shaded(colour, 0.62)),
        Track(capsule(start + light, end + light, r0 * 0.74, r1 * 0.74), colour),
        Track(
            capsule(start + 2 * light, end + 2 * light, r0 * 0.3, r1 * 0.3), shaded(colour, 1.18)
        ),
    ]


def _torso(pitch: Series) -> Series:
    return np.stack([np.zeros_like(pitch), np.cos(pitch), np.sin(pitch)], axis=-1)


def _project(body: dict[str, Series], pose: Pose) -> Joints:
    cosine, sine = np.cos(pose.yaw), np.sin(pose.yaw)
    place: dict[str, Series] = {}
    depth: dict[str, float] = {}
    for name, point in body.items():
        across = point[:, 0] * cosine + point[:, 2] * sine
        near = -point[:, 0] * sine + point[:, 2] * cosine
        up = point[:, 1]
        x = across * np.cos(pose.roll) + up * np.sin(pose.roll)
        y = -across * np.sin(pose.roll) + up * np.cos(pose.roll)
        place[name] = pose.root + pose.height[:, None] * np.stack([x, -y], axis=-1)
        depth[name] = float(near.mean())
    return Joints(place, depth)


def _arm(joints: Joints, pose: Pose, outfit: Outfit, side: str) -> list[Track]:
    size = pose.height * outfit.bulk
    shoulder, elbow, hand = (joints.place[f"{side} {j}"] for j in ("shoulder", "elbow", "hand"))
    forearm = outfit.top if outfit.sleeves else outfit.skin
    return [
        *limb(elbow, hand, size * 0.024, size * 0.017, forearm),
        *limb(hand, hand + 0.01 * (hand - elbow), size * 0.021, size * 0.019, outfit.skin),
        *limb(shoulder, elbow, size * 0.033, size * 0.026, outfit.top),
    ]


def _leg(joints: Joints, pose: Pose, outfit: Outfit, side: str) -> list[Track]:
    size = pose.height * outfit.bulk
    hip, knee, foot, toe = (joints.place[f"{side} {j}"] for j in ("hip", "knee", "foot", "toe"))
    shin = outfit.bottom if outfit.trousers else outfit.skin
    return [
        *limb(foot, toe, size * 0.026, size * 0.02, outfit.shoe),
        *limb(knee, foot, size * 0.034, size * 0.024, shin),
        *limb(hip, knee, size * 0.047, size * 0.036, outfit.bottom),
    ]


def _trunk(joints: Joints, pose: Pose, outfit: Outfit) -> list[Track]:
    size = pose.height * outfit.bulk
    pelvis, chest = joints.place["pelvis"], joints.place["chest"]
    width = np.abs(joints.place["left shoulder"][:, 0] - joints.place["right shoulder"][:, 0])
    upper = np.maximum(width * 0.46, size * 0.062)
    neck = joints.place["head"]
    tracks = limb(chest, neck, size * 0.03, size * 0.03, outfit.skin)
    tracks += limb(
        pelvis, pelvis + 0.12 * (chest - pelvis), upper * 0.8, upper * 0.76, outfit.bottom
    )
    waist = pelvis + 0.22 * (chest - pelvis)
    shoulders = pelvis + 0.86 * (chest - pelvis)
    tracks += limb(waist, shoulders, upper * 0.74, upper, outfit.top)
    if outfit.harness is not None:
        half = np.stack([0.7 * upper, 0 * upper], axis=-1)
        belt = capsule(pelvis - half, pelvis + half, size * 0.016, size * 0.016)
        tracks.append(Track(belt, outfit.harness))
    return tracks


def _head(joints: Joints, pose: Pose, outfit: Outfit) -> list[Track]:
    size = pose.height
    centre = joints.place["head"]
    radii = np.stack([size * _HEAD * 0.86, size * _HEAD * 1.08], axis=-1)
    facing = float(np.cos(pose.yaw).mean())
    tracks = [Track(ellipse(centre, radii, pose.roll), shaded(outfit.skin, 0.85))]
    look = size * _HEAD * 0.3 * np.sin(pose.yaw)
    face = centre + np.stack([look, size * _HEAD * 0.18], axis=-1)
    if facing > -0.5:
        tracks.append(Track(ellipse(face, radii * 0.78, pose.roll), outfit.skin))
        tracks += _eyes(face, size, facing, outfit)
    cover = outfit.helmet or outfit.hair
    grow = 1.16 if outfit.helmet else 1.05
    span = (np.pi * 0.98, np.pi * 2.02) if facing > -0.5 else (np.pi * 0.8, np.pi * 2.2)
    tracks.append(Track(ellipse(centre, radii * grow, pose.roll, span=span), shaded(cover, 0.8)))
    tracks.append(
        Track(ellipse(centre - 0.15 * radii, radii * grow * 0.66, pose.roll, span=span), cover)
    )
    return tracks


def _eyes(face: Series, size: Series, facing: float, outfit: Outfit) -> list[Track]:
    gap = size * _HEAD * 0.32 * max(facing, 0.2)
    radius = np.repeat(size[:, None] * _HEAD * 0.1, 2, axis=1)
    dark = shaded(outfit.hair, 0.4)
    return [
        Track(ellipse(face + np.stack([sign * gap, 0 * gap], -1), radius, corners=6), dark)
        for sign in (-1, 1)
    ]


def _cloth(rng: np.random.Generator, saturation: float = 0.75) -> Colour:
    hue, value = rng.random(), rng.uniform(0.3, 0.95)
    strength = saturation * rng.uniform(0.3, 1.0)
    wheel = 0.5 + 0.5 * np.cos(2 * np.pi * (hue + np.array([0, 1 / 3, 2 / 3])))
    red, green, blue = (255 * value * (1 - strength + strength * wheel)).astype(int)
    return int(red), int(green), int(blue)
