"""The score of the demo: how many of the planted faults the insights recover.

Comparing truth.csv with the result tables belongs here; printing it (`commands.run.demo`) does not.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from insight_dagster.tables.status import ClipStatus

FAULT_KINDS = {
    "selfie_stick": ("over_represented",),
    "title_card": ("low_performance",),
    "lookalike": ("class_confusion",),
    "mislabeled": ("mislabeled",),
    "leak": ("leak",),
    "duplicate": ("duplicate",),
}
BEST_INSIGHT_FAULTS = ("selfie_stick", "title_card")
FOUND_RECALL = FOUND_PRECISION = 0.5


def score(
    truth: pd.DataFrame,
    *,
    manifest: pd.DataFrame,
    insights: pd.DataFrame,
    members: pd.DataFrame,
    causes: pd.DataFrame,
    predictions: pd.DataFrame,
) -> dict[str, Any]:
    """Return the content of `demo_summary.json`.

    For each fault, `planted` counts the planted clips that could be decoded (for `corrupt`, all),
    `found` those of them that are members of the matching insights, `recall` is found / planted,
    and `precision` the share of the matching insights' members that are planted or are copies of a
    planted clip. The matching insights are those of the fault's kind; for `selfie_stick` and
    `title_card` only the one with the largest F1, for `lookalike` those between the two classes
    with the most planted clips.

    `status` is `found` if recall and precision are at least 0.5. For two faults precision does not
    count: `corrupt` is found if all such files are quarantined, and `lookalike` if the most severe
    class confusion is one of that pair and recall is at least 0.5, because its members are the
    region where the classes overlap, and only some of them are planted. A ratio without a
    denominator is None.

    Args:
        truth: columns path, fault, group; one row per clip and fault.
        manifest: rows of `clip_manifest`.
        insights: rows of `insights`, of all classes.
        members: rows of `insight_members`.
        causes: rows of `insight_causes`.
        predictions: rows of `predictions`.
    """
    planted = _planted(truth[truth.fault.isin(FAULT_KINDS)], manifest)
    members = _with_faults(members, planted)
    faults = {
        fault: _score_fault(fault, planted[planted.fault == fault], insights, members)
        for fault in FAULT_KINDS
        if (planted.fault == fault).any()
    }
    for entry in faults.values():
        entry["top_causes"] = _top_causes(causes, entry["insight_ids"])
    if (truth.fault == "corrupt").any():
        faults["corrupt"] = _score_corrupt(truth, manifest)
    return {
        "accuracy": _accuracy(predictions, manifest),
        "faults": faults,
        "insights": _explained(insights, members, faults),
    }


def _planted(truth: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the truth rows of clips that could be decoded, with clip_id and class_name."""
    usable = manifest.loc[manifest.status == ClipStatus.OK, ["clip_id", "class_name", "path"]]
    return truth.merge(usable, on="path", how="inner").drop_duplicates(["clip_id", "fault"])


def _with_faults(members: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Add `faults`, the set planted in a member, and `partner_faults`, that of its partner."""
    by_clip = planted.groupby("clip_id").fault.agg(frozenset).to_dict()
    nothing: frozenset[str] = frozenset()
    return members.assign(
        faults=[by_clip.get(clip, nothing) for clip in members.clip_id],
        partner_faults=[by_clip.get(clip, nothing) for clip in members.partner_clip_id],
    )


def _score_fault(
    fault: str, planted: pd.DataFrame, insights: pd.DataFrame, members: pd.DataFrame
) -> dict[str, Any]:
    chosen = insights[insights.kind.isin(FAULT_KINDS[fault])]
    if fault == "lookalike":
        chosen = _between(chosen, planted)
    ids = chosen.insight_id.tolist()
    if fault in BEST_INSIGHT_FAULTS:
        ranked = sorted(ids, key=lambda i: (-_f1(_overlap(fault, planted, members, [i])), i))
        ids = (
            ranked[:1] if ranked and _overlap(fault, planted, members, ranked[:1])["found"] else []
        )
    result = _overlap(fault, planted, members, ids)
    good = (result["recall"] or 0) >= FOUND_RECALL
    if fault == "lookalike":
        good &= _most_severe(insights[insights.kind.isin(FAULT_KINDS[fault])]) in ids
    else:
        good &= (result["precision"] or 0) >= FOUND_PRECISION
    return {**result, "status": "found" if good else "missed", "insight_ids": ids}


def _most_severe(insights: pd.DataFrame) -> str | None:
    ranked = insights.sort_values(["severity", "insight_id"], ascending=[False, True])
    return str(ranked.insight_id.iloc[0]) if len(ranked) else None


def _between(insights: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Return the confusions between the two classes with the most planted clips."""
    pair = set(planted.class_name.value_counts().index[:2])
    return insights[insights.class_name.isin(pair) & insights.other_class.isin(pair)]


def _overlap(
    fault: str, planted: pd.DataFrame, members: pd.DataFrame, insight_ids: list[str]
) -> dict[str, Any]:
    inside = members[members.insight_id.isin(insight_ids)]
    right = [
        fault in a or fault in b for a, b in zip(inside.faults, inside.partner_faults, strict=True)
    ]
    listed, good = set(inside.clip_id), set(inside.clip_id[right])
    found = len(listed & set(planted.clip_id))
    return {
        "planted": len(planted),
        "found": found,
        "precision": len(good) / len(listed) if listed else None,
        "recall": found / len(planted) if len(planted) else None,
    }


def _f1(result: dict[str, Any]) -> float:
    precision, recall = result["precision"] or 0.0, result["recall"] or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _score_corrupt(truth: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, Any]:
    """Score corrupt files by the quarantined ones; a file missing in the manifest is missed."""
    planted = set(truth.path[truth.fault == "corrupt"])
    quarantined = set(manifest.path[manifest.status == ClipStatus.QUARANTINED])
    found = len(planted & quarantined)
    return {
        "planted": len(planted),
        "found": found,
        "precision": found / len(quarantined) if quarantined else None,
        "recall": found / len(planted),
        "status": "found" if found == len(planted) else "missed",
        "insight_ids": [],
        "top_causes": [],
    }


def _top_causes(causes: pd.DataFrame, insight_ids: list[str], *, count: int = 5) -> list[str]:
    """Return the fields of the strongest causes of the first matching insight."""
    if not insight_ids:
        return []
    mine = causes[causes.insight_id == insight_ids[0]].sort_values("rank")
    return [str(name) for name in mine.field.head(count)]


def _accuracy(predictions: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, Any]:
    """Return number of clips, accuracy and accuracy by split of each class and of all clips.

    Clips whose class the model does not have are left out.
    """
    known = predictions.dropna(subset=["correct"])[["clip_id", "class_name", "correct"]]
    known = known.merge(manifest[["clip_id", "split"]], on="clip_id", how="left")
    groups = {"all": known, **{str(name): rows for name, rows in known.groupby("class_name")}}
    return {
        name: {
            "clips": len(rows),
            "accuracy": float(rows.correct.astype(float).mean()) if len(rows) else None,
            "by_split": {
                str(split): float(part.correct.astype(float).mean())
                for split, part in rows.groupby("split")
            },
        }
        for name, rows in groups.items()
    }


def _explained(
    insights: pd.DataFrame, members: pd.DataFrame, faults: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return all insights with the planted fault of their members, or that they were found for."""
    found_for = {
        insight_id: fault
        for fault, entry in faults.items()
        if entry["status"] == "found"
        for insight_id in entry["insight_ids"]
    }
    ranked = insights.sort_values(["severity", "insight_id"], ascending=[False, True])
    return [
        {
            "insight_id": str(row.insight_id),
            "kind": str(row.kind),
            "class_name": str(row.class_name),
            "severity": float(row.severity),
            "sentence": str(row.sentence),
            "planted_fault": _main_fault(members[members.insight_id == row.insight_id])
            or found_for.get(row.insight_id),
        }
        for row in ranked.itertuples()
    ]


def _main_fault(members: pd.DataFrame) -> str | None:
    """Return the fault of at least half of the members or their partners; None if there is none."""
    carried = [a | b for a, b in zip(members.faults, members.partner_faults, strict=True)]
    counts = pd.Series([fault for faults in carried for fault in sorted(faults)]).value_counts()
    if counts.empty or counts.iloc[0] * 2 < len(members):
        return None
    best = counts[counts == counts.iloc[0]].index
    return str(sorted(best)[0])
