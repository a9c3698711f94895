"""Processes that this program starts: they have limits, and end with it.

`child` starts, asks and ends one process of this interpreter within limits, for what is untrusted;
`request_loop` is the main loop that runs in it. `limited_run` runs a program of the user's once,
`programs` several for as long as this one. What is asked, answered and run belongs to the callers.
"""
