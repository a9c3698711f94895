"""The use cases behind the command line: one module each, called by `cli.py` with plain values.

A command reads settings, drives Dagster or reads the database, and returns what is to be shown;
parsing arguments is `cli.py`'s job, computing is the engine's.
"""
