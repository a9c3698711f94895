"""Measured properties of a clip: motion, similarity, sharpness, colour, foreground ratio."""

import dagster as dg

from insight_dagster.assets.clip_manifest import clip_manifest

metadata_table = dg.AssetSpec(
    "metadata_table",
    deps=[clip_manifest],
    description="Metadata of a class's clips, from the same frames that the model sees, and a "
    "contact sheet of these frames for people.",
    group_name="clips",
    kinds={"opencv", "duckdb"},
    owners=["team:video-models"],
)
