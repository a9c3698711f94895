"""Use cases and readers without Dagster: functions of the database and plain values.

A use case does for one class what an asset stands for; a reader joins tables into what the analysis
works on. Assets, commands and export call them. Arithmetic belongs in `insight_dagster.analysis`,
reading or writing one table in `insight_dagster.database`, and whatever needs a Dagster context in
`insight_dagster.assets.steps`.
"""
