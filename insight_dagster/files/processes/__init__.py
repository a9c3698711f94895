"""Child processes with limits, which run what is untrusted and end with their parent.

`child` starts, asks and ends such a process; `request_loop` is the main loop that runs in it. What
is asked and answered belongs to the callers.
"""
