"""The commands of the command line, called by `cli/` with plain values.

A command reads settings, drives Dagster or reads the database, prints the result to the console it
is given, and raises an error where the exit status is not 0. Parsing arguments belongs in `cli/`,
computing in `analysis/` and `pipeline/`.
"""
