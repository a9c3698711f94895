"""Other tools that find slices, behind one function each: (setting, **options) to soft groups.

Calling a peer and turning its result into scores belongs here; scoring them does not. A peer that
is not installed raises ImportError.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from benchmarks.insight_settings import Setting

Groups = list[np.ndarray]
"""(n,) float scores of every group, best first."""


def loss_of(setting: Setting) -> np.ndarray:
    """Return the cross entropy of the given label: (n,)."""
    own = setting.probabilities[np.arange(len(setting.labels)), setting.labels]
    return -np.log(np.maximum(own, 1e-12))


@lru_cache(maxsize=4)
def _reduced(name: str, data: bytes, shape: tuple[int, int]) -> np.ndarray:
    values = np.frombuffer(data, np.float32).reshape(shape)
    return PCA(16, random_state=0).fit_transform(values)


def reduced(setting: Setting) -> np.ndarray:
    """Return the leading components: (n, 16)."""
    values = np.ascontiguousarray(setting.embeddings, np.float32)
    return _reduced(setting.name, values.tobytes(), values.shape)


def by_class(scores: np.ndarray, labels: np.ndarray) -> Groups:
    """Return one list over all classes, and the same limited to each class.

    A setting has slices in several classes and each is scored alone: the list of all would be
    charged with the other slices.
    """
    least = scores.min() - 1
    return [scores, *(np.where(labels == each, scores, least) for each in np.unique(labels))]


def k_means(setting: Setting, *, k: int = 25) -> Groups:
    """Find k-means cells, ranked by mean loss."""
    cell = KMeans(k, n_init=3, random_state=0).fit_predict(reduced(setting))
    return _by_loss([cell == number for number in range(k)], loss_of(setting))


def density(setting: Setting, *, min_cluster_size: int = 15) -> Groups:
    """Find HDBSCAN clusters with membership strengths, ranked by mean loss."""
    from hdbscan import HDBSCAN

    model = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=5).fit(reduced(setting))
    numbers = range(int(model.labels_.max(initial=-1)) + 1)
    groups = [np.where(model.labels_ == n, model.probabilities_, 0.0) for n in numbers]
    return _by_loss(groups, loss_of(setting))


def cleanlab_groups(setting: Setting, *, k: int = 0) -> Groups:
    """Find Datalab's underperforming groups: its own clusters, or k-means cells for k > 0."""
    lab = _datalab(setting)
    options: dict[str, Any] = {}
    if k:
        options["cluster_ids"] = KMeans(k, n_init=3, random_state=0).fit_predict(reduced(setting))
    lab.find_issues(
        pred_probs=setting.probabilities.astype(float),
        features=reduced(setting),
        issue_types={"underperforming_group": options},
    )
    found = lab.get_issues("underperforming_group")
    return by_class(1.0 - found["underperforming_group_score"].to_numpy(float), setting.labels)


def cleanlab_labels(setting: Setting) -> Groups:
    """Find Datalab's label issues."""
    lab = _datalab(setting)
    alone = {"clean_learning_kwargs": {"find_label_issues_kwargs": {"n_jobs": 1}}}
    lab.find_issues(pred_probs=setting.probabilities.astype(float), issue_types={"label": alone})
    return by_class(1.0 - lab.get_issues("label")["label_score"].to_numpy(float), setting.labels)


def cleanlab_duplicates(setting: Setting) -> Groups:
    """Find Datalab's near duplicates."""
    lab = _datalab(setting)
    lab.find_issues(features=reduced(setting), issue_types={"near_duplicate": {}})
    score = lab.get_issues("near_duplicate")["near_duplicate_score"].to_numpy(float)
    return by_class(1.0 - score, setting.labels)


def nearest(setting: Setting) -> Groups:
    """Score clips by closeness to the nearest clip, and to the ten nearest."""
    from sklearn.neighbors import NearestNeighbors

    points = setting.embeddings
    apart = NearestNeighbors(n_neighbors=11).fit(points).kneighbors(points)[0]
    lists = (-apart[:, 1], -apart[:, 1:].mean(axis=1))
    return [group for each in lists for group in by_class(each, setting.labels)]


def _datalab(setting: Setting) -> Any:
    from cleanlab import Datalab

    return Datalab({"label": setting.labels}, label_name="label", verbosity=0)


def slice_line(
    setting: Setting, *, bins: int = 10, alpha: float = 0.95, k: int = 10, min_sup: int = 20
) -> Groups:
    """Run SliceLine over binned metadata, with k-means cell and label as further columns."""
    from sliceline.slicefinder import Slicefinder

    codes = _binned(setting, bins)
    loss = loss_of(setting)
    finder = Slicefinder(alpha=alpha, k=k, max_l=2, min_sup=min_sup, verbose=False)
    finder.fit(codes.to_numpy(), loss)
    groups = []
    for row in np.asarray(finder.top_slices_, object):
        met = np.ones(len(codes), bool)
        for column, value in zip(codes.columns, row, strict=True):
            if value is not None:
                met &= codes[column].to_numpy() == value
        groups.append(met.astype(float))
    return groups


def div_explorer(setting: Setting, *, bins: int = 3, support: float = 0.02) -> Groups:
    """Find DivExplorer's most divergent patterns over binned metadata, k-means cell and label."""
    from divexplorer import DivergenceExplorer

    codes = _binned(setting, bins).astype(str)
    error = setting.probabilities.argmax(axis=1) != setting.labels
    frame = codes.assign(error=error.astype(int))
    kept = ["class", "cell", *_most_telling(setting, 8)]
    found = DivergenceExplorer(frame[[*kept, "error"]]).get_pattern_divergence(
        min_support=support, quantitative_outcomes=["error"]
    )
    found = found.sort_values("error_div", ascending=False).head(25)
    groups = []
    for items in found["itemset"]:
        met = np.ones(len(codes), bool)
        for item in items:
            column, _, value = str(item).partition("=")
            met &= codes[column].to_numpy() == value
        groups.append(met.astype(float))
    return groups


def _most_telling(setting: Setting, count: int) -> list[str]:
    """Return the fields that correlate most with the loss; all would exhaust the memory."""
    numbers = setting.metadata.select_dtypes("number")
    strength = numbers.corrwith(pd.Series(loss_of(setting))).abs().sort_values(ascending=False)
    return [str(name) for name in strength.index[:count]]


def _binned(setting: Setting, bins: int) -> pd.DataFrame:
    """Return codes from 1 of every field by quantile, of categories, k-means cell and label."""
    codes = {}
    for name, column in setting.metadata.items():
        if pd.api.types.is_numeric_dtype(column):
            bin_of = pd.qcut(column, bins, labels=False, duplicates="drop") + 1
            codes[name] = bin_of.fillna(bins + 1).astype(int)
        else:
            codes[name] = pd.factorize(column, sort=True)[0] + 1
    cell = KMeans(25, n_init=3, random_state=0).fit_predict(reduced(setting))
    return pd.DataFrame(codes).assign(**{"cell": cell + 1, "class": setting.labels + 1})


def slice_guard(setting: Setting, *, min_support: int = 20, min_drop: float = 0.1) -> Groups:
    """Run Sliceguard on the embedding."""
    from sklearn.metrics import accuracy_score
    from sliceguard import SliceGuard

    frame = pd.DataFrame({
        "emb": list(reduced(setting)),
        "label": setting.labels.astype(str),
        "pred": setting.probabilities.argmax(axis=1).astype(str),
    })  # fmt: skip
    issues = SliceGuard().find_issues(
        frame, ["emb"], "label", "pred", accuracy_score, metric_mode="max",
        precomputed_embeddings={"emb": reduced(setting)}, min_support=min_support,
        min_drop=min_drop,
    )  # fmt: skip
    groups = []
    for issue in issues:
        scores = np.zeros(len(frame))
        scores[np.asarray(issue["indices"], int)] = 1.0
        groups.append(scores)
    return groups


def domino(
    setting: Setting, *, python: Path, weight: float = 1.0, init: str = "confusion"
) -> Groups:
    """Run Domino's own mixture with an interpreter that has it (`insight_domino`)."""
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder) / "given.npz", Path(folder) / "answered.npy"
        np.savez(
            given,
            embeddings=setting.embeddings,
            labels=setting.labels,
            probabilities=setting.probabilities,
        )
        worker = Path(__file__).with_name("insight_domino.py")
        done = subprocess.run(  # noqa: S603 - the interpreter is the user's choice
            [python, worker, given, answered, str(weight), init],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        if done.returncode:
            raise ImportError(done.stderr.strip().splitlines()[-1])
        return _by_loss(list(np.load(answered).T), loss_of(setting))


def _by_loss(groups: list[np.ndarray], loss: np.ndarray) -> Groups:
    """Return groups as float scores, by falling weighted mean loss."""
    scores = [np.asarray(group, np.float64) for group in groups]
    means = [float(s @ loss / max(s.sum(), 1e-9)) for s in scores]
    return [scores[number] for number in np.argsort(-np.array(means), kind="stable")]


def peers(domino_python: Path | None) -> dict[str, tuple[Callable[..., Groups], list[dict]]]:
    """Return every peer with the options to choose from; the first are its defaults."""
    known: dict[str, tuple[Callable[..., Groups], list[dict]]] = {
        "k-means, by loss": (k_means, [{"k": k} for k in (25, 10, 15, 35, 50)]),
        "HDBSCAN, by loss": (density, [{"min_cluster_size": m} for m in (15, 8, 30)]),
        "cleanlab underperforming_group": (cleanlab_groups, [{}, {"k": 25}, {"k": 15}, {"k": 50}]),
        "cleanlab label": (cleanlab_labels, [{}]),
        "cleanlab near_duplicate": (cleanlab_duplicates, [{}]),
        "nearest neighbours": (nearest, [{}]),
        "sliceline": (
            slice_line,
            [
                {},
                {"bins": 5},
                {"alpha": 0.85, "k": 25},
                {"min_sup": 10, "k": 25},
                {"bins": 5, "min_sup": 5, "k": 25},
            ],
        ),
        "divexplorer": (
            div_explorer,
            [{}, {"bins": 5}, {"support": 0.01}, {"bins": 5, "support": 0.005}],
        ),
        "sliceguard": (
            slice_guard,
            [{}, {"min_support": 10}, {"min_support": 5}, {"min_drop": 0.05}],
        ),
    }
    if domino_python:
        options = [
            {"python": domino_python, "weight": weight, "init": init}
            for weight, init in ((1.0, "confusion"), (10.0, "confusion"), (1.0, "kmeans"))
        ]
        known["Domino"] = (domino, options)
    return known
