"""Small still pictures for places that cannot run the report, such as the Dagster UI."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa

_WIDTH_INCHES, _DOTS = 5.0, 90


def projection_png(projection: pa.Table, class_name: str) -> bytes:
    """The latent space as a PNG: one class in colour, the others in grey.

    Args:
        projection: rows of the `projection` table, any classes.
        class_name: the class to show.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, _WIDTH_INCHES), dpi=_DOTS, layout="tight")
    axes = figure.add_subplot()
    ours = np.array([name == class_name for name in projection["class_name"].to_pylist()], bool)
    x, y = projection["x"].to_numpy(), projection["y"].to_numpy()
    axes.scatter(x[~ours], y[~ours], s=6, c="#c4c9cf", linewidths=0, label="other classes")
    axes.scatter(x[ours], y[ours], s=9, c="#0072b2", linewidths=0, label=_plain(class_name))
    axes.set(xticks=[], yticks=[], title="latent space (t-SNE)")
    axes.legend(loc="best", fontsize=8, markerscale=2, frameon=False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _plain(text: str) -> str:
    """A label that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
