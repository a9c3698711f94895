"""Files and rows that nothing refers to any more: old latent spaces, pictures of lost clips."""

from insight_dagster.analysis.metadata.contact_sheets import sheet_path
from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.files.leftovers import remove_leftovers
from insight_dagster.tables import HEATMAP_BUNDLES, LATENT_SPACES

SPACES_KEPT = 2
_OLD_SPACES = f"""
    SELECT space_id FROM latent_spaces
    ORDER BY created_at DESC OFFSET {SPACES_KEPT}"""  # noqa: S608


def tidy(store: Database, folders: HomeFolders) -> int:
    """Forget latent spaces but the last two, and delete unreferenced files.

    Returns:
        How many files were deleted.
    """
    old = store.read(_OLD_SPACES)["space_id"].to_pylist()
    if old:
        store.write(*(Deletion(LATENT_SPACES, {"space_id": space_id}) for space_id in old))
    spaces = {row["path"] for row in store.rows(LATENT_SPACES).to_pylist()}
    bundles = store.rows(HEATMAP_BUNDLES).to_pylist()
    pictures = {row[name] for row in bundles for name in ("path", "volume_path")}
    keys = store.read("SELECT DISTINCT content_key FROM clip_manifest")["content_key"].to_pylist()
    sheets = folders.contact_sheets
    return (
        remove_leftovers(folders.latent_spaces, keep={folders.root / path for path in spaces})
        + remove_leftovers(folders.heatmaps, keep={folders.root / path for path in pictures})
        + remove_leftovers(sheets, keep={sheet_path(sheets, key) for key in keys if key})
    )
