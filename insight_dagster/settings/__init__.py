"""Everything a user can set, checked once."""
