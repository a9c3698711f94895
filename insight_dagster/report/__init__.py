"""What people look at: the static site and small still figures.

Belongs here: turning finished tables into pages and pictures. Does not: analysis (every number
shown was computed below this room) and reading the database (frames come in).
"""
