"""Writing files atomically, deleting leftovers, and where a home keeps what."""
