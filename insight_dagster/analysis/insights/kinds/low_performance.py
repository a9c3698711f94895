"""Groups that the model does worse on than on the rest of their population.

The definition of this kind belongs here: statistic, smallest effect, wording. Candidates are in
`search` and `error_mixture`, the test of many groups at once in `scan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates import error_mixture, rules
from insight_dagster.analysis.insights.candidates.group_statistics import GroupStatistics, failures
from insight_dagster.analysis.insights.candidates.max_t_scan import Tested, scan
from insight_dagster.analysis.insights.candidates.mixture import Evidence, leading_dimensions
from insight_dagster.analysis.insights.candidates.soft_membership import soft_members
from insight_dagster.analysis.insights.candidates.views import Family, Search, leading_class
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, Question
from insight_dagster.analysis.insights.populations import Population
from insight_dagster.analysis.insights.wording import clips_of
from insight_dagster.analysis.numerics.intervals import mean_difference

KIND = "low_performance"
SMALLEST_EXCESS = 0.3
MIXTURE, RULES = "mixture", "rules"


@dataclass(frozen=True)
class _Asked:
    """A population's clips with a known loss, how they went, and what groups are scored by."""

    search: Search
    population: Population
    rows: np.ndarray
    failed: GroupStatistics
    evidence: Evidence

    @property
    def name(self) -> str:
        return f"{KIND}/{self.population.name}"

    def soft(
        self, generator: str, groups: Sequence[np.ndarray], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Scores of all clips for groups with a hard border."""
        points = self.search.points(generator, self.rows)
        return soft_members(self.evidence, points, list(groups), rng)


def find(search: Search, population: Population) -> list[Question]:
    """Groups that fail more than the rest of the population, one question a generator.

    Families of groups that have not seen a loss are scanned under shuffling within classes (or
    within the whole set, where the population says so); components of an error-aware mixture are
    held against the same search on shuffled outcomes. So looking at many is paid for.
    """
    clips = search.clips
    rows = np.flatnonzero(clips.in_population(population.name) & ~np.isnan(clips.loss))
    if len(rows) < populations.FEWEST_CLIPS:
        reason = f"{len(rows)} of the {populations.FEWEST_CLIPS} clips with a known loss needed"
        return [Question(f"{KIND}/{population.name}", (), reason)]
    strata = clips.labels[rows] if population.within_class else np.full(len(rows), "")
    failed = failures(1 - clips.correct[rows], clips.loss[rows], strata)
    asked = _Asked(search, population, rows, failed, _evidence(clips, rows, failed))
    families = [_of_family(asked, family) for family in search.families_over(rows)]
    return [*families, _of_mixture(asked), _of_rules(asked)]


def _of_family(asked: _Asked, family: Family) -> Question:
    """Groups of one origin that were chosen without a look at losses."""
    name = f"{asked.name}/{family.name}"
    tested = scan(family, asked.failed, asked.search.rng(name))
    members = [each.members for each in tested]
    soft = asked.soft(family.name, members, asked.search.rng(asked.name))
    findings = [
        _describe(asked, each, family.name, scores)
        for each, scores in zip(tested, soft, strict=True)
    ]
    return Question(name, tuple(findings))


def _of_mixture(asked: _Asked) -> Question:
    """Groups that a mixture of places, classes and outcomes finds."""
    name = f"{asked.name}/{MIXTURE}"
    reason = error_mixture.unasked(asked.failed)
    if reason:
        return Question(name, (), reason)
    rng = asked.search.rng(name)
    findings = [
        _describe(asked, Tested(each.members, each.z, each.p_value), MIXTURE, each.scores)
        for each in error_mixture.failing_components(asked.evidence, asked.failed, rng)
    ]
    return Question(name, tuple(findings))


def _of_rules(asked: _Asked) -> Question:
    """Groups that short rules over the metadata describe."""
    name, conditions = f"{asked.name}/{RULES}", asked.search.conditions_of(asked.rows)
    reason = rules.unasked(conditions, asked.failed)
    if reason:
        return Question(name, (), reason)
    rng = asked.search.rng(name)
    found = rules.failing_rules(conditions, asked.failed, rng)
    soft = asked.soft(RULES, [each.members for each in found], rng)
    findings = [
        _describe(asked, Tested(each.members, each.z, each.p_value), RULES, scores, rule=each.text)
        for each, scores in zip(found, soft, strict=True)
    ]
    return Question(name, tuple(findings))


def _evidence(clips: ClipTable, rows: np.ndarray, failed: GroupStatistics) -> Evidence:
    """Places, classes and outcomes: right, or which class a clip was taken for.

    Where all are right or all are wrong, high losses stand for errors.
    """
    dimensions = leading_dimensions(len(rows), clips.coordinates.shape[1])
    names, classes = np.unique(clips.labels[rows], return_inverse=True)
    taken_for = np.unique(clips.predicted[rows], return_inverse=True)[1].ravel()
    outcome = np.where(failed.wrong > 0, 1 + taken_for, 0)
    if not np.ptp(failed.wrong):
        outcome = (failed.rank > np.median(failed.rank)).astype(np.int64)
    return Evidence(
        points=clips.coordinates[rows, :dimensions],
        classes=classes.ravel(),
        outcome=outcome,
        kinds=(len(names), int(outcome.max()) + 1),
    )


def _describe(
    asked: _Asked, tested: Tested, generator: str, soft: np.ndarray, rule: str = ""
) -> Finding:
    clips, population, rows = asked.search.clips, asked.population, asked.rows
    inside = np.zeros(len(rows), bool)
    inside[tested.members] = True
    group, rest = rows[inside], rows[~inside]
    excess = mean_difference(clips.loss[group], clips.loss[rest])
    scores = np.zeros(len(clips), np.float32)
    scores[rows] = soft
    return Finding(
        kind=KIND,
        population=population.name,
        rows=group,
        weights=np.clip(soft[inside], 0.5, 1.0).astype(np.float64),
        effect_name="mean loss above the rest of the population (nat)",
        effect=excess.estimate,
        ci_low=excess.low,
        ci_high=excess.high,
        p_value=tested.p_value,
        strength=max(0.0, excess.estimate) / (1 + max(0.0, excess.estimate)),
        relevant=excess.estimate >= SMALLEST_EXCESS,
        sentence=_sentence(clips, population, group, rest, rule),
        action="Look at the examples and the causes; fix or remove unusable clips, collect more "
        "training clips like the others.",
        class_name=leading_class(clips.labels[group]),
        found_by=(generator,),
        scores=scores,
    )


def _sentence(
    clips: ClipTable, population: Population, group: np.ndarray, rest: np.ndarray, rule: str
) -> str:
    whose = "" if population == populations.ALL else f" of the {population.description}"
    right, right_rest = clips.correct[group].mean(), clips.correct[rest].mean()
    accuracy = f" and accuracy {right:.0%} against {right_rest:.0%}" if right != right_rest else ""
    return (
        f"{clips_of(clips.labels[group].tolist(), rule=rule)} have mean loss "
        f"{clips.loss[group].mean():.2f} against {clips.loss[rest].mean():.2f} in the rest"
        f"{whose}{accuracy}."
    )
