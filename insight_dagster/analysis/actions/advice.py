"""An insight's steps in words: how many clips, of which classes, what they look like.

Wording and the number of clips to collect belong here; the steps themselves do not (`steps`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from insight_dagster.analysis.actions.steps import Step
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.insights import Cause
from insight_dagster.tables.status import HELD_OUT, Split, Verb

_LABELS, _CAUSES = 3, 3


def wanted_clips(finding: Finding, steps: Sequence[Step], clips: ClipTable) -> int:
    """Return how many clips to collect, 0 where the steps ask for none.

    As many as bring the group's share of its classes' training clips to its share of their
    held-out clips; at least as many as it has members that the model gets wrong, and as the steps
    list; at most as many as its classes have clips.
    """
    shown = sum(step.verb == Verb.COLLECT for step in steps)
    if not shown:
        return 0
    core = finding.core
    alike = np.isin(clips.labels, np.unique(clips.labels[core]))
    training, held = alike & (clips.splits == Split.TRAIN), alike & np.isin(clips.splits, HELD_OUT)
    share = float(np.isin(clips.splits[core], HELD_OUT).sum()) / max(1, int(held.sum()))
    missing = 0.0
    if share < 1:
        present = int((clips.splits[core] == Split.TRAIN).sum())
        missing = np.ceil((share * int(training.sum()) - present) / (1 - share))
    wrong = int((clips.correct[core] == 0).sum())
    return int(min(max(missing, wrong, shown), alike.sum()))


def advice(
    finding: Finding,
    steps: Sequence[Step],
    clips: ClipTable,
    *,
    wanted: int,
    causes: Sequence[Cause] = (),
) -> str:
    """Return what to do, with numbers, in one or two sentences of plain text.

    Args:
        finding: the group.
        steps: from `steps.steps`.
        clips: the clip table.
        wanted: from `wanted_clips`.
        causes: of the insight, strongest first.
    """
    verbs = Counter(step.verb for step in steps)
    parts = []
    if verbs[Verb.KEEP] and verbs[Verb.DROP]:
        parts.append(f"Keep {verbs[Verb.KEEP]} of {len(steps) - verbs[Verb.REVIEW]} clips and drop "
                     f"{verbs[Verb.DROP]} that repeat them.")  # fmt: skip
    elif verbs[Verb.KEEP] and not verbs[Verb.REMOVE]:
        parts.append(f"Keep all {_clips(verbs[Verb.KEEP])}.")
    if verbs[Verb.REMOVE]:
        gone = Counter(_split(clips, step) for step in steps if step.verb == Verb.REMOVE)
        from_where = ", ".join(f"{count} from {name}" for name, count in sorted(gone.items()))
        parts.append(f"Remove {_clips(verbs[Verb.REMOVE])} ({from_where}); their copies stay.")
    if verbs[Verb.RELABEL]:
        new = Counter(step.suggested_class for step in steps if step.verb == Verb.RELABEL)
        named = [f"{count} as {name}" for name, count in new.most_common(_LABELS)]
        rest = verbs[Verb.RELABEL] - sum(count for _, count in new.most_common(_LABELS))
        named += [f"{rest} otherwise"] if rest else []
        parts.append(f"Look at {_clips(verbs[Verb.RELABEL])} and label {', '.join(named)}.")
    if verbs[Verb.REVIEW]:
        parts.append(f"Look at {_clips(verbs[Verb.REVIEW])} one by one.")
    if verbs[Verb.COLLECT]:
        kinds = " or ".join(name for name in (finding.class_name, finding.other_class) if name)
        looks = looks_like(causes, clips)
        parts.append(
            f"Collect about {wanted} more training clips of {kinds} like the "
            f"{verbs[Verb.COLLECT]} listed{', with ' + looks if looks else ''}."
        )
    return " ".join(parts)


def looks_like(causes: Sequence[Cause], clips: ClipTable) -> str:
    """Describe the group by its leading causes: `brightness around 31 (else 120)`."""
    numbers = set(clips.numeric_metadata()[0])
    phrases = []
    for cause in [each for each in causes if each.leads][:_CAUSES]:
        if cause.is_rule:
            phrases.append(cause.field)
        elif cause.field in numbers:
            phrases.append(
                f"{cause.field} around {cause.value_inside:.3g} (else {cause.value_outside:.3g})"
            )
        else:
            phrases.append(f"{'' if cause.direction == 'higher' else 'not '}{cause.field}")
    return ", ".join(phrases)


def _clips(count: int) -> str:
    return f"{count} clip{'' if count == 1 else 's'}"


def _split(clips: ClipTable, step: Step) -> str:
    return str(clips.splits[step.row]) or "no split"
