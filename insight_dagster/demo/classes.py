"""Names of the action classes that the demo can render, in the spelling of Kinetics-400."""

from __future__ import annotations

from insight_dagster.tables.status import Split

DEMO_CLASSES = (
    "abseiling",
    "disc golfing",
    "playing basketball",
    "rock climbing",
    "snowboarding",
)

DISTRACTOR_CLASSES = (
    "catching or throwing frisbee",
    "dunking basketball",
    "ice climbing",
    "skateboarding",
)
"""Classes that only the model knows, so that its predictions can leave the five."""

LOOKALIKE_PAIR = ("abseiling", "rock climbing")
"""The two classes that share walls, ropes and poses, and differ by motion."""

SPLITS: tuple[str, ...] = tuple(Split)
