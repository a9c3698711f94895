"""Trusted vectors: the vectors of a class that are complete, undamaged and of one model.

Every step that uses vectors gets them here, whatever started its run, because a blocking check only
stops the steps of its own run.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.embeddings.health import inspect_embeddings
from insight_dagster.database import Database
from insight_dagster.errors import UntrustedClassError
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS

_FAILED = """
    SELECT class_name, asset, reason FROM step_failures
    WHERE asset IN ('clip_manifest', 'embeddings') ORDER BY class_name, asset"""


def trusted_vectors(store: Database, class_name: str) -> pa.Table:
    """Return the rows of `embeddings` of a class: one finite vector for each usable clip.

    Raises:
        UntrustedClassError: they are incomplete or damaged; materialize embeddings first.
    """
    vectors = store.rows(EMBEDDINGS, class_name)
    problem = inspect_embeddings(store.rows(CLIP_MANIFEST, class_name), vectors).problem
    if problem:
        raise UntrustedClassError(
            f"the embeddings of {class_name!r} cannot be used: {problem}; materialize them again"
        )
    return vectors


def refuse_mixed(store: Database, class_name: str) -> None:
    """Make sure that one model made all predictions of a class.

    A run that was killed between two shards leaves predictions of two models.

    Raises:
        UntrustedClassError: several models made them; materialize embeddings first.
    """
    models = set(store.rows(PREDICTIONS, class_name)["model_fingerprint"].to_pylist())
    if len(models) > 1:
        raise UntrustedClassError(
            f"predictions of {len(models)} models are mixed in {class_name!r}, because a run did "
            "not finish renewing them; materialize embeddings again"
        )


def vectors_for_the_fit(store: Database, model_fingerprint: str) -> tuple[pa.Table, dict[str, str]]:
    """Return the vectors of all classes to fit the latent space on, and why others are left out.

    Classes are left out if their vectors are incomplete, damaged or of another model, or if their
    last `clip_manifest` or `embeddings` failed, because their rows may be out of date.

    Args:
        store: the database.
        model_fingerprint: fingerprint of the current model.

    Returns:
        Rows of `embeddings`, and the reason by class that was left out.
    """
    vectors = store.of_model(EMBEDDINGS, model_fingerprint)
    manifest = store.rows(CLIP_MANIFEST)
    classes = sorted(set(manifest["class_name"].to_pylist()))
    left_out = {name: reason for name, reason in _failures(store) if name in classes}
    for name in classes:
        health = inspect_embeddings(_of(manifest, name), _of(vectors, name))
        if health.problem:
            left_out.setdefault(name, health.problem)
    kept = [name for name in classes if name not in left_out]
    return vectors.filter(pc.is_in(vectors["class_name"], pa.array(kept, pa.string()))), left_out


def _failures(store: Database) -> Iterable[tuple[str, str]]:
    for row in store.read(_FAILED).to_pylist():
        yield row["class_name"], f"its last {row['asset']} failed: {row['reason']}"


def _of(rows: pa.Table, class_name: str) -> pa.Table:
    return rows.filter(pc.equal(rows["class_name"], class_name))
