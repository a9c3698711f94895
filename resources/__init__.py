"""Dagster resources: the model, the clip library, the database, the home's folders, the settings.

A resource turns settings into plain objects of the engine and computes nothing itself. How classes
are partitioned (`partitions`) and how progress is reported (`progress`) belongs here too.
"""
