"""The measurements behind the metadata table: similarity, appearance, motion and signature.

Each module takes the shrunken frames of one clip and returns plain numbers named like the columns
of `tables.METADATA_FIELDS`. Decoding, tables and threads do not belong here
(`analysis/metadata_table.py`).
"""
