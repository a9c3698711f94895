"""What to do because of an insight, clip by clip, and the expected effect.

`recommend` is the entry point. `steps` lists what to do, `representatives` chooses clips that
represent a group, `advice` puts the steps into words, `probe` estimates the effect on clips that
`probe_training` selects, `rows` makes the rows of the tables. No database, no Dagster.
"""

from insight_dagster.analysis.actions.probe import Change, ExpectedEffect, expected_effect
from insight_dagster.analysis.actions.recommend import Actions, recommend
from insight_dagster.analysis.actions.rows import FollowUp, follow_up
from insight_dagster.analysis.actions.steps import Step, steps

__all__ = [
    "Actions",
    "Change",
    "ExpectedEffect",
    "FollowUp",
    "Step",
    "expected_effect",
    "follow_up",
    "recommend",
    "steps",
]
