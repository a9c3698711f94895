"""Checks of a class's manifest: whether its clips are usable, labelled, split and distinct."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome
from insight_dagster.analysis.clip_library.pending_clips import usable_rows
from insight_dagster.analysis.clip_library.quarantine_counts import count_quarantined
from insight_dagster.settings.thresholds import Thresholds

_NAMES_SHOWN = 10


def quarantined_share(manifest: pa.Table, thresholds: Thresholds) -> Outcome:
    """Check that few of a class's clips are quarantined.

    Args:
        manifest: the class's rows of `clip_manifest`.
        thresholds: thresholds of all checks.
    """
    state, largest = count_quarantined(manifest), thresholds.max_quarantined_share
    if not state.clips:
        return Outcome(False, "the class has no clip", {"clips": 0}, ERROR)
    return Outcome(
        passed=state.share <= largest,
        severity=ERROR,
        description=f"{state.quarantined} of {state.clips} clips cannot be used"
        + ("" if state.share <= largest else "; `insight status` lists them with the reason"),
        facts={
            "clips": state.clips,
            "quarantined": state.quarantined,
            "share": state.share,
            "highest_share_allowed": largest,
            "reasons": dict(state.reasons),
        },
    )


def in_library(class_name: str, manifest: pa.Table, library_classes: Collection[str]) -> Outcome:
    """Check that the library has clips of the class.

    A WARN where the library had some before, an ERROR where it never had any.

    Args:
        class_name: the class.
        manifest: the class's rows of `clip_manifest`.
        library_classes: names of the classes in the library.
    """
    facts = {"classes_in_library": len(library_classes), "clips_stored": manifest.num_rows}
    if class_name in library_classes:
        return Outcome(True, "the class is in the library", facts)
    if not manifest.num_rows:
        return Outcome(
            False,
            f"the library has no class {class_name!r}, and no clip of it is stored; remove the "
            "partition with `insight classes remove`",
            facts,
            ERROR,
        )
    return Outcome(
        False,
        "the library has no clip of this class any more; its rows are kept. Restore the clips, or "
        "remove the class with `insight classes remove`",
        facts,
    )


def splits_present(manifest: pa.Table, library_splits: Collection[str]) -> Outcome:
    """Check that the class has usable clips in every split of the library.

    Args:
        manifest: the class's rows of `clip_manifest`.
        library_splits: names of the library's splits.
    """
    own = set(usable_rows(manifest)["split"].to_pylist())
    missing = sorted(set(library_splits) - own)
    return Outcome(
        passed=not missing,
        description="the class has clips in every split of the library"
        if not missing
        else f"no usable clip in {', '.join(missing) or 'the library'}: metrics of these splits do "
        "not cover this class. Add clips, or move some there",
        facts={"missing": missing, "present": sorted(own)},
    )


def unknown_labels(model_labels: Sequence[str], classes: Collection[str]) -> str:
    """Return in one sentence which classes the model has no label for, '' if it has all of them."""
    unknown = sorted(set(classes) - set(model_labels))
    if not unknown:
        return ""
    more = f" and {len(unknown) - _NAMES_SHOWN} more" if unknown[_NAMES_SHOWN:] else ""
    names = ", ".join(map(repr, unknown[:_NAMES_SHOWN])) + more
    if len(unknown) < len(set(classes)):
        return (
            f"the model has no label for {len(unknown)} of {len(set(classes))} classes ({names}): "
            "they are not scored and do not pass"
        )
    some = ", ".join(map(repr, model_labels[:3]))
    return (
        f"not one of the classes ({names}) is a label of the model ({some}, ...): nothing can be "
        "scored, and no class passes. Rename the classes, or set weights and labels that fit"
    )


def label_known(class_name: str, model_labels: Collection[str]) -> Outcome:
    """Check that the class is one of the model's labels, so that its clips can be scored.

    Args:
        class_name: the class.
        model_labels: labels of the current model.
    """
    known = class_name in model_labels
    return Outcome(
        passed=known,
        severity=ERROR,
        description="the model has this label"
        if known
        else f"the model has no label {class_name!r}: its clips get no accuracy, loss or "
        "performance drift. Rename the class to the model's label, or use a checkpoint that has it",
        facts={"labels_of_the_model": len(model_labels)},
    )


def duplicates(manifest: pa.Table, thresholds: Thresholds) -> Outcome:
    """Check that few of a class's clips are copies of another clip in the same split.

    Args:
        manifest: the class's rows of `clip_manifest`.
        thresholds: thresholds of all checks.
    """
    rows = usable_rows(manifest).select(["content_key", "split", "path"]).to_pylist()
    first: dict[tuple[str, str], str] = {}
    copies = [
        (row["path"], first[key])
        for row in sorted(rows, key=lambda row: row["path"])
        if (key := (row["content_key"], row["split"])) in first
        or first.setdefault(key, row["path"]) != row["path"]
    ]
    share, largest = len(copies) / len(rows) if rows else 0.0, thresholds.max_duplicate_share
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


def leaks(manifest: pa.Table, everything: pa.Table, thresholds: Thresholds) -> Outcome:
    """Check that few of a class's clips are in another split too, under whatever label.

    Args:
        manifest: the class's rows of `clip_manifest`.
        everything: the rows of all classes.
        thresholds: thresholds of all checks.
    """
    most = thresholds.max_leaked_clips
    splits: dict[str, set[str]] = {}
    for row in usable_rows(everything).select(["content_key", "split"]).to_pylist():
        splits.setdefault(row["content_key"], set()).add(row["split"])
    rows = usable_rows(manifest).select(["content_key", "path"]).to_pylist()
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
