"""The software-defined assets, one module per concept: the asset, then its checks.

An asset reads its inputs, makes one named call into `insight_dagster.analysis`, writes, and
returns with the metadata a person wants to see. Arithmetic belongs in the engine.
"""

import warnings

# Partitioned checks work but are marked as a preview in Dagster 1.13: not the user's concern.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
# Backfill policies and owners work too and are marked as beta.
warnings.filterwarnings("ignore", message="Parameter `(backfill_policy|owners)`")
# A job over assets of several backfill policies takes the smallest; that is meant so.
warnings.filterwarnings("ignore", message=".*materializes assets with varying BackfillPolicies")
