"""The operating system: atomic writing, leftovers, the home folder, signals and child processes."""
