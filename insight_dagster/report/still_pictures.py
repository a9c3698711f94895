"""Small still pictures of the latent space, for places that cannot show the report.

The Dagster UI shows them beside the assets. Pictures of the report are in `pictures`.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES, _DOTS = 5.0, 90
_FEWEST_OUTLINED = 5
_GREY = "#c4c9cf"
# Okabe and Ito's colours, which colour-blind people can tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


def projection_png(projection: pa.Table, class_name: str) -> bytes:
    """Return the latent space as a PNG: one class in colour, the others in grey.

    Args:
        projection: rows of the `projection` table, any classes.
        class_name: the class to show.
    """
    figure, axes = _empty_space()
    ours = np.array([name == class_name for name in projection["class_name"].to_pylist()], bool)
    x, y = projection["x"].to_numpy(), projection["y"].to_numpy()
    axes.scatter(x[~ours], y[~ours], s=6, c=_GREY, linewidths=0, label="other classes")
    axes.scatter(x[ours], y[ours], s=9, c=_COLOURS[0], linewidths=0, label=_plain(class_name))
    return _png(figure, axes)


def groups_png(projection: pa.Table, groups: Mapping[str, Collection[str]]) -> bytes:
    """Return the latent space as a PNG with groups of clips in colour, each with its outline.

    An outline is the convex hull of the nine in ten clips nearest to the group's median.

    Args:
        projection: rows of the `projection` table.
        groups: clip ids by name; the first five are shown.
    """
    figure, axes = _empty_space()
    ids = np.array(projection["clip_id"].to_pylist(), dtype=str)
    points = np.column_stack([projection["x"].to_numpy(), projection["y"].to_numpy()])
    axes.scatter(points[:, 0], points[:, 1], s=6, c=_GREY, linewidths=0)
    for colour, (name, members) in zip(_COLOURS, groups.items(), strict=False):
        inside = points[np.isin(ids, list(members))]
        axes.scatter(inside[:, 0], inside[:, 1], s=14, c=colour, linewidths=0, label=_plain(name))
        outline = _outline(inside)
        axes.plot(outline[:, 0], outline[:, 1], c=colour, linewidth=1.2)
    return _png(figure, axes)


def _outline(points: np.ndarray) -> np.ndarray:
    """Return the closed hull, (m, 2), of the nine in ten points nearest to their median.

    Few points, or points on a line, have none.
    """
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < _FEWEST_OUTLINED:
        return np.zeros((0, 2))
    apart = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    kept = points[apart <= np.quantile(apart, 0.9)]
    try:
        corners = ConvexHull(kept).vertices
    except (QhullError, ValueError):
        return np.zeros((0, 2))
    return kept[[*corners, corners[0]]]


def _empty_space() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, _WIDTH_INCHES), dpi=_DOTS, layout="tight")
    axes = figure.add_subplot()
    axes.set(xticks=[], yticks=[], title="latent space (t-SNE)")
    return figure, axes


def _png(figure: Figure, axes: Axes) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    axes.legend(loc="best", fontsize=8, markerscale=2, frameon=False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _plain(text: str) -> str:
    """Return a label that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
