"""Candidate groups of clips: where they come from, and how many of them are tested at once."""
