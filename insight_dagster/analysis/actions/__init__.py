"""What to do because of an insight, clip by clip, and what it would bring.

`lists` names the steps, `representatives` chooses clips that stand for a group, `probe` estimates
the effect, `rows` lays both out.
"""

from insight_dagster.analysis.actions.lists import Step, steps
from insight_dagster.analysis.actions.probe import ExpectedEffect, expected_effect
from insight_dagster.analysis.actions.rows import FollowUp, follow_up, no_follow_up

__all__ = [
    "ExpectedEffect",
    "FollowUp",
    "Step",
    "expected_effect",
    "follow_up",
    "no_follow_up",
    "steps",
]
