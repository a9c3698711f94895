"""The demo: a rendered clip library with planted faults, and a small model to analyse.

Planning, drawing and encoding clips, training the model and scoring the demo belong here; analysing
clips (`analysis`) does not.
"""
