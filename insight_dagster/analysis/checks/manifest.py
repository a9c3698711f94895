"""Checks of a class's manifest: can its clips be used, scored, and held apart."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome
from insight_dagster.analysis.clip_library.pending_clips import usable
from insight_dagster.analysis.clip_library.quarantine import quarantine

_NAMES_SHOWN = 10


def quarantined_share(manifest: pa.Table, *, largest: float) -> Outcome:
    """At most so many of a class's clips are unusable."""
    state = quarantine(manifest)
    if not state.clips:
        return Outcome(False, "the class has no clip", {"clips": 0}, ERROR)
    return Outcome(
        passed=state.share <= largest,
        severity=ERROR,
        description=f"{state.quarantined} of {state.clips} clips cannot be used"
        + ("" if state.share <= largest else "; `insight status` names them with the reason"),
        facts={
            "clips": state.clips,
            "quarantined": state.quarantined,
            "share": state.share,
            "highest_share_allowed": largest,
            "reasons": dict(state.reasons),
        },
    )


def in_library(class_name: str, manifest: pa.Table, library_classes: Collection[str]) -> Outcome:
    """The class's clips are still in the library; an ERROR where it never had any."""
    facts = {"classes_in_library": len(library_classes), "clips_stored": manifest.num_rows}
    if class_name in library_classes:
        return Outcome(True, "the class is in the library", facts)
    if not manifest.num_rows:
        return Outcome(
            False,
            "the library has no class of this name, and nothing is stored of it; `insight classes "
            "remove` takes the partition away",
            facts,
            ERROR,
        )
    return Outcome(
        False,
        "the library has no clip of this class any more; its rows are kept. Bring the clips back, "
        "or take the class away with `insight classes remove`",
        facts,
    )


def splits_present(manifest: pa.Table, library_splits: Collection[str]) -> Outcome:
    """The class has clips of every split that the library has."""
    own = set(usable(manifest)["split"].to_pylist())
    missing = sorted(set(library_splits) - own)
    return Outcome(
        passed=not missing,
        description="every split of the library has clips of this class"
        if not missing
        else f"no usable clip in {', '.join(missing) or 'the library'}: figures of these splits "
        "say nothing of this class. Add clips, or move some there",
        facts={"missing": missing, "present": sorted(own)},
    )


def label_known(class_name: str, model_labels: Collection[str]) -> Outcome:
    """The model has the class's label, so that its clips can be scored."""
    known = class_name in model_labels
    return Outcome(
        passed=known,
        description="the model has this label"
        if known
        else "the model does not have this label: no accuracy, loss or drift for its clips. Name "
        "the class as the model does, or use a checkpoint that has it",
        facts={"labels_of_the_model": len(model_labels)},
    )


def duplicates(manifest: pa.Table, *, largest: float) -> Outcome:
    """At most so many of a class's clips are copies of another in the same split."""
    rows = usable(manifest).select(["content_key", "split", "path"]).to_pylist()
    first: dict[tuple[str, str], str] = {}
    copies = [
        (row["path"], first[key])
        for row in sorted(rows, key=lambda row: row["path"])
        if (key := (row["content_key"], row["split"])) in first
        or first.setdefault(key, row["path"]) != row["path"]
    ]
    share = len(copies) / len(rows) if rows else 0.0
    return Outcome(
        passed=share <= largest,
        description=f"{len(copies)} of {len(rows)} clips repeat another byte for byte"
        + ("" if share <= largest else "; keep one of each"),
        facts={
            "copies": len(copies),
            "share": share,
            "highest_share_allowed": largest,
            "examples": [f"{copy} = {original}" for copy, original in copies[:_NAMES_SHOWN]],
        },
    )


def leaks(manifest: pa.Table, everything: pa.Table, *, most: int) -> Outcome:
    """At most so many of a class's clips are in another split too, whatever their label there.

    Args:
        manifest: the class's rows.
        everything: the rows of all classes.
        most: clips allowed.
    """
    splits: dict[str, set[str]] = {}
    for row in usable(everything).select(["content_key", "split"]).to_pylist():
        splits.setdefault(row["content_key"], set()).add(row["split"])
    rows = usable(manifest).select(["content_key", "path"]).to_pylist()
    leaked = sorted(row["path"] for row in rows if len(splits.get(row["content_key"], ())) > 1)
    return Outcome(
        passed=len(leaked) <= most,
        severity=WARN,
        description=f"{len(leaked)} clips are in more than one split, byte for byte"
        + ("" if len(leaked) <= most else "; remove them from all splits but one"),
        facts={
            "leaked": len(leaked),
            "most_allowed": most,
            "examples": leaked[:_NAMES_SHOWN],
        },
    )
