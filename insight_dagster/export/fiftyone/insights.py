"""Insights as tags, saved views and summary of a FiftyOne dataset, and the README that lists them.

Class names and sentences come from the data; here they become harmless tags and lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insight_dagster.export.fiftyone.documents import Document, view, without_missing
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
        """The entry in the dataset's `info`."""
        known = without_missing({name: self.row[name] for name in _SUMMARY})
        return known | {"tag": self.tag, "view": self.view}

    def saved_view(self, time: datetime | None) -> Document:
        """Return the saved view of the samples with its tag."""
        return view(self.view, self.tag, one_line(self.row["sentence"]), time)


def tagged_insights(rows: Sequence[dict[str, Any]]) -> list[TaggedInsight]:
    """Return insights with unique tags and views, most severe first."""
    ids = [_NOT_IN_VIEWS.sub("", row["insight_id"]) for row in rows]
    length = next((n for n in range(_ID, 64) if len({one[:n] for one in ids}) == len(ids)), 64)
    ranked = sorted(zip(rows, ids, strict=True), key=lambda pair: (-pair[0]["severity"], pair[1]))
    return [_tagged(row, one[:length]) for row, one in ranked]


def _tagged(row: dict[str, Any], short: str) -> TaggedInsight:
    kind, name = str(row["kind"]), str(row["class_name"])
    harmless = _NOT_IN_TAGS.sub("_", name)[:_CLASS].strip()
    readable = _NOT_IN_VIEWS.sub(" ", f"{kind} {name}")[:_CLASS].strip()
    return TaggedInsight(row, f"insight:{kind}:{harmless}:{short}", f"{readable} {short}")


def one_line(text: str) -> str:
    """Return a text as one line without control characters."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def read_me(insights: Sequence[TaggedInsight], *, random_weights: bool) -> str:
    """Return the README: how to open the folder, what is in it, the tag of every insight."""
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

Unless it was exported with --copy-media, the videos are not in the folder: the dataset has their
paths. If the App does not open because ffmpeg is missing, install ffmpeg.

Samples: `ground_truth`, `predictions` (with logits), `window` (the frames that the clip is; also
`dataset.to_clips("window")`), loss, margin, entropy, measured properties, `cluster`, `embedding`.
`dataset.get_field_schema(flat=True)[NAME].description` explains a field. Clips without a file, and
quarantined ones, are left out. Tags: the split, and the insights that a clip is a core member of;
`dataset.info["insights"]` has the insights.

Heatmaps: where the model looked for the predicted label, for the example clips of insights.
`heatmap` is the mean over time, which the App shows in its grid; `frames.heatmap` follows the
frames that the model saw, which it shows while the video plays.

Embeddings panel: choose `tsne` or `pca`. To add points of your own:

    import fiftyone.brain as fob, numpy as np

    placed = dataset.exists("x")
    points = np.stack(placed.values(["x", "y"]), axis=1)
    fob.compute_visualization(placed, points=points, brain_key="mine")

If another version of FiftyOne cannot read the stored views or runs, call from_dir() with
import_saved_views=False and import_runs=False: `match_tags` and the points above need neither.

Insights, most severe first:
"""
