"""The operating system: files, names, the home folder, signals and child processes."""
