"""The software-defined assets, one module per concept: the asset, then its checks.

An asset reads its inputs, makes one named call into `insight_dagster.analysis`, writes, and
returns with the metadata a person wants to see. Arithmetic belongs in the engine.
"""

import warnings

# Partitioned checks work but are marked as a preview in Dagster 1.13: not the user's concern.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
