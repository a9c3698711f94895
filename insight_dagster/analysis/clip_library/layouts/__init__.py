"""The layouts of clip libraries that can be read, one module per layout.

`library_scan` recognises which of them a folder has.
"""
