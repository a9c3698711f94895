"""Checks of the latent space and of the clips that are placed in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from insight_dagster.analysis.checks.outcome import WARN, Outcome

_NOT_PLACED = Outcome(
    False, "no clip is placed in the present latent space; run place_classes", {"clips": 0}
)


def space_coverage(
    space: Mapping[str, Any] | None, *, usable_clips: int, fitted: int, largest_unfitted: float
) -> Outcome:
    """The latent space was fitted on the clips that there are, and left no class out.

    Args:
        space: its row of `latent_spaces`.
        usable_clips: clips of all classes that could be used.
        fitted: how many of them the fit has.
        largest_unfitted: share of clips that may be missing in it.
    """
    share = 1 - fitted / usable_clips if usable_clips else 0.0
    left_out = list(space["left_out"]) if space else []
    problems = [f"left out: {'; '.join(left_out)}"] if left_out else []
    if share > largest_unfitted:
        problems.append(f"{usable_clips - fitted} of {usable_clips} clips came after the fit")
    return Outcome(
        passed=not problems,
        description="; ".join(problems) + ". Mend the classes named, then refit_latent_space"
        if problems
        else f"fitted on {fitted} of {usable_clips} usable clips",
        facts={
            "usable_clips": usable_clips,
            "fitted": fitted,
            "share_not_fitted": share,
            "highest_share_allowed": largest_unfitted,
            "left_out": left_out,
        },
    )


def layout_trustworthiness(value: float | None, *, smallest: float) -> Outcome:
    """Neighbours in the 2-D layout are neighbours in the latent space."""
    measured = value is not None and bool(np.isfinite(value))
    passed = measured and float(value or 0) >= smallest
    return Outcome(
        passed=passed,
        description=f"trustworthiness {value:.3f} of at least {smallest:g}"
        if measured
        else "too few clips to measure the layout's trustworthiness",
        facts={"trustworthiness": value if measured else None, "smallest_allowed": smallest},
    )


def inside_the_space(outside: np.ndarray, *, largest: float) -> Outcome:
    """At most so many of a class's clips lie outside the density range of the fit.

    Args:
        outside: (n,) bool, one a clip.
        largest: share allowed.
    """
    if not len(outside):
        return _NOT_PLACED
    share = float(outside.mean())
    return Outcome(
        passed=share <= largest,
        severity=WARN,
        description=f"{int(outside.sum())} of {len(outside)} clips lie outside what the latent "
        "space was fitted on"
        + ("" if share <= largest else "; run refit_latent_space, then place the classes again"),
        facts={"outside": int(outside.sum()), "share": share, "highest_share_allowed": largest},
    )


def cluster_noise(cluster: np.ndarray, *, largest: float) -> Outcome:
    """At most so many of a class's clips are in no cluster."""
    if not len(cluster):
        return _NOT_PLACED
    share = float((cluster < 0).mean())
    return Outcome(
        passed=share <= largest,
        description=f"{share:.0%} of {len(cluster)} clips are in no cluster"
        + ("" if share <= largest else "; lower min_cluster_size, then refit_latent_space"),
        facts={"share": share, "highest_share_allowed": largest, "clips": len(cluster)},
    )


def clusters_stable(cluster: np.ndarray, stability: np.ndarray, *, smallest: float) -> Outcome:
    """The clusters that a class's clips are in are found again in subsamples.

    Args:
        cluster: (n,) int cluster of every clip, -1 = none.
        stability: (clusters,) of every cluster, NaN where not measured.
        smallest: mean over clips that is asked for.
    """
    if not len(cluster):
        return _NOT_PLACED
    own = stability[cluster[cluster >= 0]]
    known = own[np.isfinite(own)]
    mean = float(known.mean()) if len(known) else None
    facts = {"stability": mean, "smallest_allowed": smallest, "clips_in_clusters": len(own)}
    if mean is None:
        what = "clips are in clusters whose stability was not measured" if len(own) else ""
        return Outcome(not what, f"{len(own)} {what}" if what else "no clip is in a cluster", facts)
    return Outcome(
        passed=mean >= smallest,
        description=f"clusters are found again with a mean Jaccard similarity of {mean:.2f}"
        + ("" if mean >= smallest else "; raise min_cluster_size, then refit_latent_space"),
        facts=facts,
    )
