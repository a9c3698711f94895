"""What to tell a person about a file of weights: how it is checked, and whether it changed.

Checks that refuse a file are in `analysis.model`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from insight_dagster.analysis.model.model_file import check_archive, read_file
from insight_dagster.analysis.model.pretrained_weights import has_record, sha256_of
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.commands.console import Console
from insight_dagster.files.atomic import write_atomically
from insight_dagster.settings import Settings
from insight_dagster.tables.identity import weights_hash

_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})(?=\.|$)")
_USED = "used.json"


def weights_checked(path: Path) -> str:
    """Return how damage to a file of weights would be noticed, and what to do where it would not.

    Raises:
        ModelError: the file cannot be read or is damaged.
    """
    content = read_file(path)
    if has_record(path):
        return f"its SHA-256 is that of {path.name}.sha256"
    named = _HASH_IN_NAME.search(path.name)
    if named and sha256_of(content).startswith(named[1]):
        return "its name carries its SHA-256"
    advice = f"`cd {path.parent} && sha256sum {path.name} > {path.name}.sha256` records one"
    if check_archive(path, content):
        return f"checksums of its parts (CRC-32) match, of the whole none is recorded; {advice}"
    return f"no checksum is recorded, so that a flipped bit would not be noticed; {advice}"


def note_changed_weights(settings: Settings, model: VideoClassifier, console: Console) -> None:
    """Print a note if a file of weights is not what this home last used under its path.

    The hashes of the files that were used are kept in the folder of weights.
    """
    if model.weights_file is None:
        return
    kept, path = settings.folders.weights / _USED, str(model.weights_file)
    digest = weights_hash(model.fingerprint)
    used = _read(kept)
    before = used.get(path)
    if before == digest:
        return
    if before is not None:
        console.labelled(
            "note:",
            f"{path} is not what this home last used under that path (SHA-256 {before}... then, "
            f"{digest}... now), so every clip is measured again; if you did not replace it, it is "
            "damaged",
            style="yellow",
        )
    text = json.dumps(used | {path: digest}, indent=1)
    write_atomically(kept, lambda draft: draft.write_text(text, encoding="utf-8"))


def _read(kept: Path) -> dict[str, str]:
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
