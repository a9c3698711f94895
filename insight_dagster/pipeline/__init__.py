"""Use cases and readers without Dagster: functions of a store and plain values.

Assets, commands and export call them. Arithmetic belongs in `analysis`, SQL of one table in
`database`, anything that needs a Dagster context in `assets/steps`.
"""
