"""What a kind hands back: a group of clips with its evidence, before correction and ranking.

The shape of a finding and its severity belong here; how it is found does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CORE_WEIGHT = 0.5


@dataclass(frozen=True)
class Finding:
    """A candidate group of clips; rows refer to the clip table that it was found in.

    Attributes:
        kind: of the insight.
        population: named set that it was found in.
        rows: (m,) int rows of the members.
        weights: (m,) float membership in (0, 1]; from 0.5 on a member is a core member.
        effect_name: what the effect measures.
        effect, ci_low, ci_high: the effect with its 95 % interval.
        p_value: under the kind's null model, corrected for the kind's own search.
        strength: the effect brought to 0..1, for the severity.
        relevant: whether the effect reaches the kind's smallest effect.
        sentence: the finding in plain words with its numbers.
        action: what to do about it.
        other_class: second class of a confusion, '' for other kinds.
        partners: (m,) row that each member repeats, -1 = none; empty for other kinds.
        suggested: (m,) label that each member should have, '' = none; empty for other kinds.
        class_name: class that the insight belongs to: that of most core members.
        found_by: generators that proposed the group.
        scores: (n,) float32 soft membership of every clip in 0..1; empty: the weights, else 0.
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
                f"a finding needs one weight a row, got {self.rows.shape} and {self.weights.shape}"
            )

    @property
    def core(self) -> np.ndarray:
        """Rows of the core members."""
        return self.rows[self.weights >= CORE_WEIGHT]

    def severity(self, *, q_value: float, class_size: int) -> float:
        """Effect x size x certainty in 0..1.

        Size is the square root of the core members' share of the class (1 at most), certainty
        is 1 - q.
        """
        size = np.sqrt(min(1.0, len(self.core) / max(1, class_size)))
        strength = float(np.clip(np.nan_to_num(self.strength), 0, 1))
        return float(strength * size * (1 - q_value))

    def soft_scores(self, clips: int) -> np.ndarray:
        """(n,) float32 membership of every clip of the table, 0..1."""
        if len(self.scores):
            return self.scores
        scores = np.zeros(clips, np.float32)
        scores[self.rows] = self.weights
        return scores


@dataclass(frozen=True)
class Question:
    """One question put to the clips and what it found.

    The p-values of its findings are corrected for all that the question looked at; a question
    that finds nothing counts too when questions are corrected together.

    Attributes:
        name: kind, then population, class or generator, parted by slashes.
        findings: candidates, possibly none.
        unasked: why the clips could not be asked, '' where they were. Such a question has no
            findings and no part in the correction.
    """

    name: str
    findings: tuple[Finding, ...]
    unasked: str = ""

    @property
    def kind(self) -> str:
        """What the name begins with: questions of one kind share the error rate of a kind."""
        return self.name.partition("/")[0]
