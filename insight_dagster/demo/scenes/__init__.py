"""What each action looks like: random generator and frame times in, `drawing.Shot` out.

One function per action; lenses, noise and files do not belong here.
"""
