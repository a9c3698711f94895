"""Corrections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """False-discovery-rate q-values of (m,) p-values; NaN stays NaN and is not counted.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    p_values = np.asarray(p_values, np.float64)
    q_values = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if known.size:
        order = known[np.argsort(p_values[known], kind="stable")]
        scaled = p_values[order] * known.size / np.arange(1, known.size + 1)
        q_values[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q_values


def selective_q(questions: Sequence[np.ndarray], families: Sequence[str]) -> list[np.ndarray]:
    """q-values of findings that answer separate questions, over all of them.

    The families share the error rate equally, the questions of a family share its part: a family
    that is asked for each of many classes does not outvote one that is asked once.

    Every question brings p-values that are corrected for what it looked at (family-wise), and
    counts once, with its smallest (1 if it found nothing), however many findings it has. A
    finding's q is the smallest rate at which its question is selected and its own p passes the
    level that selection leaves: p <= rate x questions selected / questions.

    Args:
        questions: (k,) p-values of each, k may be 0.
        families: of each question.

    Source: Benjamini and Bogomolov, J. R. Stat. Soc. B 76 (2014) 297; weights: Genovese, Roeder
    and Wasserman, Biometrika 93 (2006) 509.
    """
    _, family, counts = np.unique(list(families), return_inverse=True, return_counts=True)
    weights = len(families) / (len(counts) * counts[family])
    questions = [
        np.minimum(np.asarray(each, np.float64) / weight, 1.0)
        for each, weight in zip(questions, weights, strict=True)
    ]
    smallest = np.array([float(each.min(initial=1.0)) for each in questions])
    selected_at = benjamini_hochberg(smallest)
    order = np.argsort(smallest, kind="stable")
    ranks = np.arange(1, len(order) + 1)
    rates = selected_at[order]
    out = []
    for q_value, p_values in zip(selected_at, questions, strict=True):
        scaled = p_values[:, None] * len(order) / ranks
        passed = np.maximum(scaled, rates).min(axis=1, initial=1.0)
        out.append(np.maximum(passed, q_value))
    return out


def holm(p_values: Sequence[float]) -> np.ndarray:
    """(m,) p-values corrected so that one false rejection among them is as rare as a level says.

    Source: Holm, Scand. J. Stat. 6 (1979) 65.
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")
    corrected = np.empty(len(given))
    steps = np.arange(len(given), 0, -1)
    corrected[order] = np.maximum.accumulate(given[order] * steps)
    return np.minimum(corrected, 1.0)
