"""Backups of what cannot be computed again, and bringing a home back with them."""
