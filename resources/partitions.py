"""The partitions of the project, one per action class, and how backfills divide them into runs.

A run over several classes loads the model and reads the shared tables once; a run of one class
isolates it from the others. Dagster puts consecutive assets with the same policy into one run, in
which a failed class stops the later assets for all classes. So the policy changes where one stage
of an analysis ends and the next begins.
"""

import dagster as dg

from insight_dagster.resources.names import Names

ACTION_CLASSES = Names().classes
"""The partitions that assets are declared with; `definitions` replaces them by the home's own."""

CLASSES_PER_RUN = 25
"""Largest number of classes in one run, in backfills and in the nightly analysis."""

MEASURING = dg.BackfillPolicy.multi_run(max_partitions_per_run=CLASSES_PER_RUN)
"""Policy of manifest, embeddings and metadata: one run loads the model for many classes."""

PLACING = dg.BackfillPolicy.multi_run(max_partitions_per_run=2 * CLASSES_PER_RUN)
"""Policy of projection, clusters and performance: seconds per class, independent of each other."""

EXPLAINING = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
"""Policy of insights, heatmaps and verdict, which build on each other: one run per class."""
