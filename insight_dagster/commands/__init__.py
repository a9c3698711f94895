"""The commands of the command line, called by `cli/` with plain values.

A command reads settings, drives Dagster or reads the database, and returns what is to be shown;
parsing arguments is `cli/`'s job, computing is the engine's.
"""
