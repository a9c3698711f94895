"""Metadata of clips: measured fields, the user's functions and columns, and contact sheets.

`fields` holds the measurements; `clip_metadata` runs them on one clip and `metadata_table` on many.
`user_functions` and `metadata_file` add what users bring along. Definitions, units and ranges are
in `docs/explanation/metadata.md`. Decoding (`decoding`) does not belong here.
"""
