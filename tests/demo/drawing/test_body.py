"""Limbs reach as far as their bones allow, and bend in the given direction."""

from __future__ import annotations

import numpy as np
import pytest

from insight_dagster.demo.drawing.body import FOREARM, UPPER_ARM, Outfit, Pose, figure, reach, solve


def _standing(frames: int = 2) -> Pose:
    zero = np.zeros(frames)
    side = np.array([[-1.0], [1.0]])
    hands = np.tile(side * [0.15, 0, 0] + [0, 0, 0.05], (frames, 1, 1))
    feet = np.tile(side * [0.06, 0, 0] + [0, -0.45, 0], (frames, 1, 1))
    root = np.tile([100.0, 150.0], (frames, 1))
    return Pose(root, hands, feet, zero, zero + 100.0, zero, zero)


def test_bones_keep_their_length_and_the_hand_meets_its_target() -> None:
    start, target = (
        np.zeros((3, 3)),
        np.array([[0.2, 0.1, 0.0], [0.0, -0.3, 0.05], [0.0, 0.05, 0.0]]),
    )
    elbow, hand = reach(start, target, UPPER_ARM, FOREARM, np.array([0.5, -0.6, -0.5]))
    assert np.linalg.norm(elbow - start, axis=1) == pytest.approx(UPPER_ARM)
    assert np.linalg.norm(hand - elbow, axis=1) == pytest.approx(FOREARM)
    assert hand == pytest.approx(target)


def test_a_target_out_of_reach_stretches_no_bone() -> None:
    start, target = np.zeros((1, 3)), np.array([[3.0, 0.0, 0.0]])
    _, hand = reach(start, target, UPPER_ARM, FOREARM, np.array([0.0, -1.0, 0.0]))
    assert np.linalg.norm(hand) == pytest.approx(UPPER_ARM + FOREARM, rel=0.01)
    assert hand[0, 0] > 0


def test_the_joint_bends_towards_the_pole() -> None:
    start, target = np.zeros((1, 3)), np.array([[0.0, -0.2, 0.0]])
    forward, _ = reach(start, target, UPPER_ARM, FOREARM, np.array([0.0, 0.0, 1.0]))
    backward, _ = reach(start, target, UPPER_ARM, FOREARM, np.array([0.0, 0.0, -1.0]))
    assert forward[0, 2] > 0.05
    assert backward[0, 2] == pytest.approx(-forward[0, 2])


def test_head_above_pelvis_above_feet_and_turning_narrows_the_shoulders() -> None:
    pose = _standing()
    joints = solve(pose)
    heights = [joints.place[name][0, 1] for name in ("head", "pelvis", "left foot")]
    assert heights == sorted(heights)
    sideways = solve(Pose(**{**vars(pose), "yaw": pose.yaw + np.pi / 2}))
    assert _width(joints) == pytest.approx(21, abs=0.1)
    assert _width(sideways) == pytest.approx(0, abs=0.1)


def test_a_figure_stays_near_its_height() -> None:
    outfit = Outfit.draw(np.random.default_rng(0))
    points = np.concatenate([track.points[0] for track in figure(_standing(), outfit)])
    assert 85 < np.ptp(points[:, 1]) < 120


def test_wrong_shapes_are_quoted() -> None:
    with pytest.raises(ValueError, match=r"hands must be \(2, 2, 3\), got \(5, 2, 3\)"):
        Pose(**{**vars(_standing()), "hands": np.zeros((5, 2, 3))})


def _width(joints: object) -> float:
    place = joints.place  # type: ignore[attr-defined]
    return float(abs(place["left shoulder"][0, 0] - place["right shoulder"][0, 0]))
