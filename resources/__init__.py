"""What assets need from outside: the model, the clip library, the database, the home's folders.

A resource turns checked settings into plain engine objects; it computes nothing itself.
"""
