"""Commands that run assets or programs, or that change, check or copy a whole home.

Printing tables of results belongs in `commands/show`.
"""
