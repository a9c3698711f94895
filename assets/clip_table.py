"""The engine's `ClipTable`, read from the database: every clip that every step has covered."""

from assets.space_rows import read_latent_space
from insight_dagster.analysis.insights.assembly import assemble
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.database import Database
from insight_dagster.errors import LatentSpaceError
from resources.bundle_folder import BundleFolderResource

_CLIPS = """
    SELECT m.clip_id, m.class_name, m.split, m.content_key,
           m.fps, m.width, m.height, m.duration_seconds, m.has_audio, m.size_bytes,
           p.predicted, p.probability, p.loss, p.correct, p.logits,
           c.cluster, c.strength, e.embedding,
           d.* EXCLUDE (clip_id, class_name, content_key, metadata_version)
    FROM clip_manifest m
    JOIN embeddings e USING (clip_id)
    JOIN predictions p USING (clip_id)
    JOIN clusters c USING (clip_id)
    JOIN metadata_table d USING (clip_id)
    WHERE m.status = 'ok' AND c.space_id = ? AND p.model_fingerprint = ?
    ORDER BY m.clip_id"""


def read_clip_table(
    store: Database,
    folder: BundleFolderResource,
    *,
    model_fingerprint: str,
    model_labels: tuple[str, ...],
) -> tuple[ClipTable, str]:
    """Clips that are placed in the present latent space, and that space's id.

    Classes that have not been placed yet are left out: materialize `clusters` for them first.

    Raises:
        LatentSpaceError: no latent space has been fitted yet, or no class placed in it.
    """
    space = read_latent_space(store, folder, models={model_fingerprint})
    rows = store.read(_CLIPS, [space.space_id, model_fingerprint])
    if not rows.num_rows:
        raise LatentSpaceError("no class is placed in the latent space yet; materialize clusters")
    coordinates, _ = space.locate(rows["clip_id"].to_pylist(), matrix_of(rows, "embedding"))
    return assemble(rows.drop_columns(["embedding"]), coordinates, model_labels), space.space_id
