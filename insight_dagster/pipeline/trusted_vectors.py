"""Which classes' vectors may be used by what comes after them.

An asset asks here before it builds on a class, whatever started its run: a check that blocks acts
inside its own run alone.
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
    """A class's rows of `embeddings`, one finite vector for each usable clip.

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
    """Make sure that a class's predictions are of one model: a run may have died between shards.

    Raises:
        UntrustedClassError: they are not; materialize embeddings first.
    """
    models = set(store.rows(PREDICTIONS, class_name)["model_fingerprint"].to_pylist())
    if len(models) > 1:
        raise UntrustedClassError(
            f"predictions of {len(models)} models are mixed in {class_name!r}: the run that "
            "renewed them did not end; materialize embeddings again"
        )


def vectors_for_the_fit(store: Database, model_fingerprint: str) -> tuple[pa.Table, dict[str, str]]:
    """Vectors of every class that may feed the shared fit, and why the others may not.

    Left out are classes whose vectors are incomplete, damaged or of another model, and classes
    whose last manifest or embeddings failed: what is stored of them may be out of date.
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
