"""What each action looks like: one function per class, from a random generator and frame times
to a `drawing.Shot`. Lenses, noise and files do not belong here.
"""
