"""What a kind of insight returns: groups of clips with their evidence, test by test.

The shape of findings and tests belongs here; how groups are found (`kinds`) and which of them
become insights (`ranking`) do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CORE_WEIGHT = 0.5
"""Membership from which on a member is a core member."""


@dataclass(frozen=True)
class Finding:
    """A group of clips that a test found; rows refer to the clip table.

    Attributes:
        kind: of the insight.
        population: named set of clips that it was found in.
        rows: (m,) int rows of the members.
        weights: (m,) float membership in (0, 1]; core members have at least 0.5.
        effect_name: what the effect measures.
        effect, ci_low, ci_high: the effect with its 95 % interval.
        p_value: under the kind's null model, corrected for all groups that the test looked at.
        strength: the effect scaled to 0..1, for the severity.
        relevant: whether the effect reaches the kind's smallest effect.
        sentence: the finding in plain words with its numbers.
        action: what to do about it.
        other_class: second class of a confusion, '' for other kinds.
        partners: (m,) row that each member repeats, -1 = none; empty for other kinds.
        suggested: (m,) label that each member should have, '' = none; empty for other kinds.
        class_name: class that the insight belongs to: that of most core members.
        found_by: generators that proposed the group.
        scores: (n,) float32 soft membership of every clip in 0..1; where empty, members score
            their weights and other clips 0.
    """

    kind: str
    population: str
    rows: np.ndarray
    weights: np.ndarray
    effect_name: str
    effect: float
    ci_low: float
    ci_high: float
    p_value: float
    strength: float
    relevant: bool
    sentence: str
    action: str
    other_class: str = ""
    partners: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    suggested: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype="<U1"))
    class_name: str = ""
    found_by: tuple[str, ...] = ()
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        if self.rows.shape != self.weights.shape or self.rows.ndim != 1 or not len(self.rows):
            raise ValueError(
                "a finding needs at least one row and one weight per row, got rows "
                f"{self.rows.shape} and weights {self.weights.shape}"
            )

    @property
    def core(self) -> np.ndarray:
        """Rows of the core members."""
        return self.rows[self.weights >= CORE_WEIGHT]

    def severity(self, *, q_value: float, class_size: int) -> float:
        """Return effect x size x certainty, in 0..1.

        Size is the square root of the core members' share of the class (at most 1), certainty
        is 1 - q.
        """
        size = np.sqrt(min(1.0, len(self.core) / max(1, class_size)))
        strength = float(np.clip(np.nan_to_num(self.strength), 0, 1))
        return float(strength * size * (1 - q_value))

    def soft_scores(self, clips: int) -> np.ndarray:
        """Return the membership of every one of n clips, in 0..1: (n,) float32."""
        if len(self.scores):
            return self.scores
        scores = np.zeros(clips, np.float32)
        scores[self.rows] = self.weights
        return scores


@dataclass(frozen=True)
class KindTest:
    """One test that a kind of insight ran, and what it found.

    The p-values of its findings are corrected for everything that the test looked at; a test
    without findings counts as well when tests are corrected together.

    Attributes:
        name: kind, then population, class or generator, separated by slashes.
        findings: candidates, possibly none.
        skipped: why the test could not be run, None where it was. A skipped test has no findings
            and no part in the correction.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None

    @property
    def kind(self) -> str:
        """First part of the name; tests of one kind share the error rate of that kind."""
        return self.name.partition("/")[0]
