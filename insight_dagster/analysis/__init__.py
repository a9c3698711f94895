"""Pure analysis: arrays and frames in, results out; no Dagster, no database, no report."""
