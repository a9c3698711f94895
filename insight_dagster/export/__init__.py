"""Everything known of the clips and insights, as files for other programs.

Belongs here: formats and files. Does not: arguments and printing (`commands/run/export`).
"""
