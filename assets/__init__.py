"""The Dagster assets, one module per asset: the asset, then its checks.

An asset opens its resources, makes one call into `insight_dagster.pipeline` and returns metadata
for the Dagster UI. What several assets share is in `steps`; arithmetic and SQL do not belong here.
"""

import warnings

import dagster as dg

# Partitioned checks and backfill policies work, though Dagster marks them as preview and beta, and
# so does what its own sensors pass on (`owners`). Such warnings come from modules of Dagster's too.
warnings.filterwarnings(
    "ignore", "Specifying a partitions_def on an AssetCheckSpec", dg.PreviewWarning
)
warnings.filterwarnings("ignore", "Parameter `(backfill_policy|owners)`", dg.BetaWarning)
# A job over assets of several backfill policies uses the smallest one, as intended.
warnings.filterwarnings(
    "ignore", ".*materializes assets with varying BackfillPolicies", UserWarning
)
