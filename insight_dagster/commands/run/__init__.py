"""Commands that do work: `insight demo`, `run`, `serve`, `doctor`, `promote`.

Printing tables of results belongs in `commands/show`.
"""
