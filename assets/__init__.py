"""The Dagster assets, one module per asset: the asset, then its checks.

An asset opens its resources, makes one call into `insight_dagster.pipeline` and returns metadata
for the Dagster UI. What several assets share is in `steps`; arithmetic and SQL do not belong here.
"""

import warnings

# Partitioned checks work, though Dagster 1.13 marks them as a preview.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
# Backfill policies and owners work too, though they are marked as beta.
warnings.filterwarnings("ignore", message="Parameter `(backfill_policy|owners)`")
# A job over assets of several backfill policies uses the smallest one, as intended.
warnings.filterwarnings("ignore", message=".*materializes assets with varying BackfillPolicies")
