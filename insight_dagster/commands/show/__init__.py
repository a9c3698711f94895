"""Commands that print what a home holds, one module per table that a person reads.

Nothing here changes the home, except `classes` and `pins`, whose commands are their tables' own.
"""
