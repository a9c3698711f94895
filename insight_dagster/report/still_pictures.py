"""Small still pictures of the latent space, for places that cannot show the report.

The Dagster UI shows them beside the assets. Pictures of the report are in `pictures`.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.fonts import drawable, fonts

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES, _DOTS = 5.0, 90
_FEWEST_OUTLINED = 5
_LONGEST_LABEL = 48
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
    others = axes.scatter(x[~ours], y[~ours], s=6, c=_GREY, linewidths=0)
    own = axes.scatter(x[ours], y[ours], s=9, c=_COLOURS[0], linewidths=0)
    return _png(figure, axes, [("other classes", others), (class_name, own)])


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
    legend: list[tuple[str, Artist]] = []
    for colour, (name, members) in zip(_COLOURS, groups.items(), strict=False):
        inside = points[np.isin(ids, list(members))]
        drawn = axes.scatter(inside[:, 0], inside[:, 1], s=14, c=colour, linewidths=0)
        legend.append((name, drawn))
        outline = _outline(inside)
        axes.plot(outline[:, 0], outline[:, 1], c=colour, linewidth=1.2)
    return _png(figure, axes, legend)


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


def _png(figure: Figure, axes: Axes, legend: Sequence[tuple[str, Artist]]) -> bytes:
    """Return a figure as PNG, with the artists of its legend by their labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if legend:
        # Labels of artists would be left out where they begin with an underscore.
        axes.legend(
            [artist for _, artist in legend],
            [_plain(label) for label, _ in legend],
            loc="best",
            prop={"family": [font.family for font in fonts()], "size": 8},
            markerscale=2,
            frameon=False,
        )
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _plain(text: str) -> str:
    """Return a label that can be drawn, and that matplotlib does not read as mathematics."""
    shown = drawable(" ".join(text.split()))
    if len(shown) > _LONGEST_LABEL:
        shown = shown[: _LONGEST_LABEL - 1] + "…"
    return shown.replace("$", r"\$")
