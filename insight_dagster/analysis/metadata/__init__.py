"""The measurements behind the metadata table, each module one concept.

Each module takes the frames of one clip (`frames.py`), or the optical flow between them
(`flow.py`), and returns a `Measurement`: numbers named like the columns of
`tables.METADATA_FIELDS`, arrays named like `tables.METADATA_SERIES`. Decoding, tables and threads
do not belong here (`analysis/metadata_table.py`).
Definitions, units, ranges: `docs/explanation/metadata.md`.
"""
