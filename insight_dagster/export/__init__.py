"""Everything known about the clips and insights, as files for other programs."""
