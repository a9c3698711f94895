"""Waiting for other programs that use the database file.

Locks between processes of this project (`file_locks`), who holds the file (`lock_holders`) and how
long a process waits in all (`patience`) belong here. Opening the file does not (`opening`).
"""
