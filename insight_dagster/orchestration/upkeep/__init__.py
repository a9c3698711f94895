"""What keeps a home in order: old runs and unused files, backups, runs that never began.

The analysis itself (`stages`, `nightly_job`) does not belong here.
"""
