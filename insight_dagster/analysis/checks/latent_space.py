"""Checks of the latent space, and of a class's clips in it.

What the space was fitted on, its layout, and where a class's clips lie belong here; the vectors
themselves do not (`embeddings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from insight_dagster.analysis.checks.outcome import WARN, Outcome
from insight_dagster.settings.thresholds import Thresholds

_NOT_PLACED = Outcome(
    False, "no clip is placed in the current latent space; run place_classes", {"clips": 0}
)


def space_coverage(
    space: Mapping[str, Any] | None, thresholds: Thresholds, *, usable_clips: int, fitted: int
) -> Outcome:
    """Check that the latent space was fitted on the current clips and left out no class.

    Args:
        space: the space's row of `latent_spaces`.
        thresholds: thresholds of all checks.
        usable_clips: usable clips of all classes.
        fitted: how many of these the space was fitted on.
    """
    largest = thresholds.max_unfitted_share
    share = 1 - fitted / usable_clips if usable_clips else 0.0
    left_out = list(space["left_out"]) if space else []
    problems = [f"left out: {'; '.join(left_out)}"] if left_out else []
    if share > largest:
        problems.append(f"{usable_clips - fitted} of {usable_clips} clips came after the fit")
    return Outcome(
        passed=not problems,
        description="; ".join(problems) + ". Fix the classes named, then run refit_latent_space"
        if problems
        else f"fitted on {fitted} of {usable_clips} usable clips",
        facts={
            "usable_clips": usable_clips,
            "fitted": fitted,
            "share_not_fitted": share,
            "highest_share_allowed": largest,
            "left_out": left_out,
        },
    )


def layout_trustworthiness(value: float | None, thresholds: Thresholds) -> Outcome:
    """Check that neighbours in the 2-D layout are neighbours in the latent space.

    Args:
        value: trustworthiness of the layout, 0..1; None or NaN if not measured.
        thresholds: thresholds of all checks.
    """
    smallest = thresholds.min_trustworthiness
    measured = value is not None and bool(np.isfinite(value))
    passed = measured and float(value or 0) >= smallest
    return Outcome(
        passed=passed,
        description=f"trustworthiness {value:.3f}, at least {smallest:g} required"
        if measured
        else "too few clips to measure the layout's trustworthiness",
        facts={"trustworthiness": value if measured else None, "smallest_allowed": smallest},
    )


def inside_the_space(outside: np.ndarray, thresholds: Thresholds) -> Outcome:
    """Check that few of a class's clips lie outside the density range of the fit.

    Args:
        outside: (n,) bool, whether each clip lies outside.
        thresholds: thresholds of all checks.
    """
    if not len(outside):
        return _NOT_PLACED
    share, largest = float(outside.mean()), thresholds.max_outside_share
    return Outcome(
        passed=share <= largest,
        severity=WARN,
        description=f"{int(outside.sum())} of {len(outside)} clips lie outside the region that the "
        "latent space was fitted on"
        + ("" if share <= largest else "; run refit_latent_space, then place the classes again"),
        facts={"outside": int(outside.sum()), "share": share, "highest_share_allowed": largest},
    )


def cluster_noise(cluster: np.ndarray, thresholds: Thresholds) -> Outcome:
    """Check that enough of a class's clips are in a cluster.

    Args:
        cluster: (n,) int cluster of each clip, -1 = noise.
        thresholds: thresholds of all checks.
    """
    if not len(cluster):
        return _NOT_PLACED
    share, largest = float((cluster < 0).mean()), thresholds.max_noise_share
    return Outcome(
        passed=share <= largest,
        description=f"{share:.0%} of {len(cluster)} clips are in no cluster"
        + ("" if share <= largest else "; lower min_cluster_size, then run refit_latent_space"),
        facts={"share": share, "highest_share_allowed": largest, "clips": len(cluster)},
    )


def clusters_stable(cluster: np.ndarray, stability: np.ndarray, thresholds: Thresholds) -> Outcome:
    """Check that the clusters of a class's clips are found again in subsamples.

    Args:
        cluster: (n,) int cluster of each clip, -1 = noise.
        stability: (clusters,) stability of each cluster, NaN where not measured.
        thresholds: thresholds of all checks.
    """
    if not len(cluster):
        return _NOT_PLACED
    own, smallest = stability[cluster[cluster >= 0]], thresholds.min_stability
    known = own[np.isfinite(own)]
    mean = float(known.mean()) if len(known) else None
    facts = {"stability": mean, "smallest_allowed": smallest, "clips_in_clusters": len(own)}
    if mean is None:
        what = "clips are in clusters whose stability was not measured" if len(own) else ""
        return Outcome(not what, f"{len(own)} {what}" if what else "no clip is in a cluster", facts)
    return Outcome(
        passed=mean >= smallest,
        description=f"clusters are found again with a mean Jaccard similarity of {mean:.2f}"
        + ("" if mean >= smallest else "; raise min_cluster_size, then run refit_latent_space"),
        facts=facts,
    )
