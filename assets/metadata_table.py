"""The asset `metadata_table`: measured properties of the clips.

The step that materializes it is in `measurements`.
"""

import dagster as dg

from insight_dagster.assets.clip_manifest import clip_manifest

metadata_table = dg.AssetSpec(
    "metadata_table",
    deps=[clip_manifest],
    description="Metadata of a class's clips (motion, similarity, sharpness, colour, foreground "
    "ratio, ...), measured on the frames that the model sees, and a contact sheet of these frames.",
    group_name="clips",
    kinds={"opencv", "duckdb"},
)
