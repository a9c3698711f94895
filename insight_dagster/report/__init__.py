"""What people look at: the static site and small still pictures.

Belongs here: turning finished tables into pages and pictures. Does not: analysis (every number
shown was computed in `analysis`), and reading the database (`pipeline/report_data` does).
"""
