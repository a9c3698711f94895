"""The demo's scenes: one function per action, from a random generator and times to a `Shot`.

The camera's noise (`drawing.camera`) and files (`library`) do not belong here.
"""
