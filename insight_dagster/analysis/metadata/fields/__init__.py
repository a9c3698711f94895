"""The measured metadata fields, one module per group of measurements."""
