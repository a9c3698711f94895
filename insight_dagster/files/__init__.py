"""The operating system: atomic writing, leftovers, the home folder, and child processes."""
