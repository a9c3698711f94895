"""Groups that the model does worse on than on the rest of their population.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis import populations, statistics
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.groups import (
    Groups,
    cluster_groups,
    standardised,
    tail_groups,
    tree_groups,
)
from insight_dagster.analysis.populations import Population

KIND = "low_performance"
SMALLEST_EXCESS = 0.3
_DRAWS = 1_999
_SHUFFLED_ENTRIES = 8_000_000
_BLOCK_ENTRIES = 2_000_000
_SCOPE = 4_000
_FEWEST = 12
_KEPT_PER_GENERATOR = 3
_LATENT_DIMENSIONS = 10


def find(
    clips: ClipTable, class_name: str, population: Population, rng: np.random.Generator
) -> list[Finding]:
    """Groups with a larger loss than the rest of the population, led by clips of `class_name`.

    Candidates come from the latent clusters, from hierarchical clusterings of the latent space
    and of the standardised metadata, and from the tails of single fields; none has seen a loss.
    Their statistic is the mean normal score of the loss; losses are shuffled (within classes
    where the population says so), and the p-value of a group is that of the largest statistic
    over all groups of its generator (single-step max-T), so that looking at many is paid for.

    Source: Westfall and Young, Resampling-Based Multiple Testing (1993).
    """
    rows = _scope(clips, class_name, population, rng)
    if len(rows) < _FEWEST:
        return []
    labels = clips.labels[rows]
    strata = labels if population.within_class else np.full(len(rows), "")
    scores = _loss_scores(clips.loss[rows], strata)
    found: list[Finding] = []
    for generator in _generators(clips, rows):
        tested = _tested(scores, strata, generator, rng) if generator else []
        own = [each for each in tested if _leading_class(labels[each[0]]) == class_name]
        found += [
            _describe(clips, population, rows, members, p)
            for members, p in own[:_KEPT_PER_GENERATOR]
        ]
    return _without_repeats(found)


def _scope(
    clips: ClipTable, class_name: str, population: Population, rng: np.random.Generator
) -> np.ndarray:
    """Rows of the population with a loss; of a large one the own class and a sample of others."""
    inside = populations.select(population.name, splits=clips.splits, correct=clips.correct)
    rows = np.flatnonzero(inside & ~np.isnan(clips.loss))
    if len(rows) <= _SCOPE:
        return rows
    own = rows[clips.labels[rows] == class_name]
    own = rng.permutation(own)[: _SCOPE // 2]
    others = rng.permutation(rows[clips.labels[rows] != class_name])[: _SCOPE - len(own)]
    return np.sort(np.concatenate([own, others]))


def _generators(clips: ClipTable, rows: np.ndarray) -> list[list[Groups]]:
    """Families of candidates: places in the latent space, kinds and tails of metadata."""
    latent = clips.coordinates[rows, :_LATENT_DIMENSIONS]
    values = clips.numeric_metadata()[1][rows]
    families = [
        [cluster_groups(clips.cluster[rows]), tree_groups(latent)],
        [tree_groups(standardised(values))],
        [tail_groups(values[:, field]) for field in range(values.shape[1])],
    ]
    return [[each for each in family if len(each)] for family in families]


def _loss_scores(loss: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Normal scores of the loss inside every stratum: neither outliers nor hard classes rule."""
    from scipy import stats

    scores = np.zeros(len(loss))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        ranks = stats.rankdata(loss[rows])
        scores[rows] = stats.norm.ppf((ranks - 0.5) / len(rows))
    return scores


def _tested(
    scores: np.ndarray, strata: np.ndarray, family: list[Groups], rng: np.random.Generator
) -> list[tuple[np.ndarray, float]]:
    """Members and corrected p of the strangest groups that do not overlap, strangest first."""
    observed = [_standard_sums(groups, scores) for groups in family]
    draws = max(199, min(_DRAWS, _SHUFFLED_ENTRIES // len(scores)))
    part = max(1, _BLOCK_ENTRIES // len(scores))
    maxima = []
    for done in range(0, draws, part):
        shuffled = statistics.stratified_permutations(
            scores, strata, draws=min(part, draws - done), rng=rng
        )
        maxima.append(np.max([_standard_sums(g, shuffled).max(axis=-1) for g in family], axis=0))
    values = np.concatenate(observed)
    p_values = statistics.permutation_p(values, np.concatenate(maxima))
    places = [(groups, group) for groups in family for group in range(len(groups))]
    taken, found = np.zeros(len(scores), bool), []
    for rank in np.argsort(-values, kind="stable"):
        groups, group = places[rank]
        members = groups.rows(group)
        if values[rank] > 0 and not taken[members].any():
            taken[members] = True
            found.append((members, float(p_values[rank])))
    return found


def _standard_sums(groups: Groups, scores: np.ndarray) -> np.ndarray:
    """(..., g) sums of (..., n) scores over groups in units of what chance gives."""
    rows = scores.shape[-1]
    # A shuffled copy has the spread of the scores: the first row stands for all.
    spread = max(float(scores.reshape(-1, rows)[0].std()), 1e-12)
    return groups.sums(scores) / (np.sqrt(groups.sizes * (1 - groups.sizes / rows)) * spread)


def _leading_class(labels: np.ndarray) -> str:
    names, counts = np.unique(labels, return_counts=True)
    return str(names[counts.argmax()])


def _describe(
    clips: ClipTable, population: Population, rows: np.ndarray, members: np.ndarray, p_value: float
) -> Finding:
    inside = np.zeros(len(rows), bool)
    inside[members] = True
    group, rest = rows[inside], rows[~inside]
    excess = statistics.mean_difference(clips.loss[group], clips.loss[rest])
    right, right_rest = clips.correct[group].mean(), clips.correct[rest].mean()
    where = "" if population == populations.ALL else " among misclassified training clips"
    accuracy = f" and accuracy {right:.0%} against {right_rest:.0%}" if not where else ""
    sentence = (
        f"{len(group)} clips, mostly {_leading_class(clips.labels[group])}{where}, have mean loss "
        f"{clips.loss[group].mean():.2f} against {clips.loss[rest].mean():.2f} in the rest"
        f"{accuracy}."
    )
    return Finding(
        kind=KIND,
        population=population.name,
        rows=group,
        weights=np.ones(len(group)),
        effect_name="mean loss above the rest of the population (nat)",
        effect=excess.estimate,
        ci_low=excess.low,
        ci_high=excess.high,
        p_value=p_value,
        strength=max(0.0, excess.estimate) / (1 + max(0.0, excess.estimate)),
        relevant=excess.estimate >= SMALLEST_EXCESS,
        sentence=sentence,
        action="Look at the examples and the causes; fix or remove unusable clips, collect more "
        "training clips like the others.",
    )


def _without_repeats(found: list[Finding]) -> list[Finding]:
    """Of findings that share half of the smaller one's clips, the one with the smallest p."""
    kept: list[Finding] = []
    for each in sorted(found, key=lambda f: (f.p_value, -f.effect * np.sqrt(len(f.rows)))):
        shared = [np.isin(each.rows, other.rows).sum() for other in kept]
        smaller = [min(len(each.rows), len(other.rows)) for other in kept]
        if all(2 * s < m for s, m in zip(shared, smaller, strict=True)):
            kept.append(each)
    return kept
