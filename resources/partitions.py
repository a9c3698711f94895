"""The one partitioning of the project, an action class each, and how backfills divide it.

A run over several classes loads the model once and reads the shared tables once; a run of its own
isolates a class. Assets of one policy that follow each other share a run, and there a failing class
keeps the ones after it from being reached: so policies change where the stages of an analysis do.
"""

import dagster as dg

ACTION_CLASSES = dg.DynamicPartitionsDefinition(name="action_class")

CLASSES_PER_RUN = 25
"""Classes that one run takes on at most, in backfills and in the nightly re-analysis."""

MEASURING = dg.BackfillPolicy.multi_run(max_partitions_per_run=CLASSES_PER_RUN)
"""Manifest, embeddings, metadata: the model is loaded for many classes at once."""

PLACING = dg.BackfillPolicy.multi_run(max_partitions_per_run=2 * CLASSES_PER_RUN)
"""Projection, clusters, performance: seconds per class, none needs the others of its stage."""

EXPLAINING = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
"""Insights, heatmaps, verdict: one follows from the other, so that every class has its own run."""
