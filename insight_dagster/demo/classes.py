"""The names of the action classes that the demo can render, in the spelling of Kinetics-400."""

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
"""Classes that only the model knows, so that it can predict classes the library does not have."""

LOOKALIKE_PAIR = ("abseiling", "rock climbing")
"""Two classes that share walls, ropes and poses, and differ only by motion."""

SPLITS: tuple[str, ...] = tuple(Split)
