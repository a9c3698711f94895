"""What to do because of an insight, clip by clip, and what it would bring.

`act` is the way in. `lists` names the steps, `representatives` chooses clips that stand for a
group, `advice` words them, `probe` estimates the effect on the clips that `training` picks,
`rows` lays all out. No database, no Dagster.
"""

from insight_dagster.analysis.actions.probe import Change, ExpectedEffect, expected_effect
from insight_dagster.analysis.actions.recommend import Actions, recommend
from insight_dagster.analysis.actions.rows import FollowUp, follow_up, no_follow_up
from insight_dagster.analysis.actions.steps import Step, steps

__all__ = [
    "Actions",
    "Change",
    "ExpectedEffect",
    "FollowUp",
    "Step",
    "expected_effect",
    "follow_up",
    "no_follow_up",
    "recommend",
    "steps",
]
