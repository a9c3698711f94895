"""Insights as tags, saved views and summary of a FiftyOne dataset; the README that lists them.

Class names and sentences come from the data: what becomes a tag or a line of text is made harmless
here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insight_dagster.export.fiftyone.documents import Document, view, without_gaps
from insight_dagster.tables import INSIGHTS

_ID, _CLASS = 8, 40
_NOT_IN_TAGS, _NOT_IN_VIEWS = re.compile(r"[^\w .+-]"), re.compile(r"[^A-Za-z0-9]+")
_SUMMARY = INSIGHTS.names_without("found_by", "model_fingerprint", "space_id")


@dataclass(frozen=True)
class TaggedInsight:
    """An insight and what finds its clips again.

    Attributes:
        row: of the table `insights`.
        tag: `insight:KIND:CLASS:ID`, of letters, digits and `_ .+-:` alone.
        view: name of its saved view, of ASCII letters, digits and spaces.
    """

    row: dict[str, Any]
    tag: str
    view: str

    @property
    def summary(self) -> Document:
        """What the dataset's `info` says of it."""
        told = without_gaps({name: self.row[name] for name in _SUMMARY})
        return told | {"tag": self.tag, "view": self.view}

    def saved_view(self, moment: datetime | None) -> Document:
        """The samples with its tag."""
        return view(self.view, self.tag, one_line(self.row["sentence"]), moment)


def tagged_insights(rows: Sequence[dict[str, Any]]) -> list[TaggedInsight]:
    """Every insight with its tag, most severe first; no two share a tag or a view."""
    ids = [_NOT_IN_VIEWS.sub("", row["insight_id"]) for row in rows]
    length = next((n for n in range(_ID, 64) if len({one[:n] for one in ids}) == len(ids)), 64)
    ranked = sorted(zip(rows, ids, strict=True), key=lambda pair: (-pair[0]["severity"], pair[1]))
    return [_tagged(row, one[:length]) for row, one in ranked]


def _tagged(row: dict[str, Any], short: str) -> TaggedInsight:
    kind, name = str(row["kind"]), str(row["class_name"])
    harmless = _NOT_IN_TAGS.sub("_", name)[:_CLASS].strip()
    told = _NOT_IN_VIEWS.sub(" ", f"{kind} {name}")[:_CLASS].strip()
    return TaggedInsight(row, f"insight:{kind}:{harmless}:{short}", f"{told} {short}")


def one_line(text: str) -> str:
    """A text of the data as one line without control characters."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def read_me(insights: Sequence[TaggedInsight], *, random_weights: bool) -> str:
    """The text that goes with the folder: how to open it, what is in it, every insight's tag."""
    warning = "RANDOM WEIGHTS: predictions and insights mean nothing.\n\n" if random_weights else ""
    listed = "\n".join(_listed(each) for each in insights) or "There are none.\n"
    return f"{warning}{_OPEN}\n{listed}"


def _listed(each: TaggedInsight) -> str:
    return (
        f"{one_line(each.row['sentence'])}\n"
        f'    dataset.match_tags("{each.tag}")\n'
        f'    dataset.load_saved_view("{each.view}")\n'
    )


_OPEN = """A FiftyOne dataset (`pip install fiftyone`). FOLDER is the folder that this file lies in:

    import fiftyone as fo

    dataset = fo.Dataset.from_dir(
        dataset_dir=FOLDER, dataset_type=fo.types.FiftyOneDataset, name="insight"
    )
    session = fo.launch_app(dataset)

Unless it was exported with --copy-media, the videos are not in the folder: the dataset names them
where they were. An App that does not open for want of ffmpeg needs ffmpeg installed.

Samples: `ground_truth`, `predictions` (with logits), `window` (the frames that the clip is; also
`dataset.to_clips("window")`), loss, margin, entropy, measured properties, `cluster`, `embedding`.
`dataset.get_field_schema(flat=True)[NAME].description` says what a field means. Clips without a
file, and quarantined ones, are not there. Tags: the split, and the insights that a clip is a core
member of; `dataset.info["insights"]` has what was found.

Heatmaps: where the model looked for what it predicted, for the clips that stand for an insight.
`heatmap` is the mean over time, which the App shows in its grid; `frames.heatmap` follows the
frames that the model saw, which it shows while the video plays.

Embeddings panel: choose `tsne` or `pca`. Points of your own, for it:

    import fiftyone.brain as fob, numpy as np

    placed = dataset.exists("x")
    points = np.stack(placed.values(["x", "y"]), axis=1)
    fob.compute_visualization(placed, points=points, brain_key="mine")

Should another version of FiftyOne not read the stored views or runs, give from_dir()
import_saved_views=False and import_runs=False: `match_tags` and the points above need neither.

Insights, most severe first:
"""
