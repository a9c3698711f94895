"""The measured metadata fields, one module per concept.

Each module takes the frames of one clip (`measured_frames`) or the optical flow between them
(`flow`), and returns a `Measurement` whose names are columns of `tables.METADATA_FIELDS` and of the
metadata series. Decoding, tables and threads do not belong here.
"""
