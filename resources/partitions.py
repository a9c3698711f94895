"""The one partitioning of the project: an action class is a partition."""

import dagster as dg

ACTION_CLASSES = dg.DynamicPartitionsDefinition(name="action_class")
