"""What keeps a home in order: deleting old runs and unused files, and the nightly backup.

The analysis itself (`stages`, `nightly_job`) does not belong here.
"""
