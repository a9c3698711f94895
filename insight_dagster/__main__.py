"""The entry point of the command line, which ends on signals before it has imported anything."""

from __future__ import annotations

import gc

from insight_dagster.files.interruption import end_on_signals


def main() -> None:
    """Run the command line."""
    end_on_signals()
    gc.disable()  # importing makes many objects and little garbage
    from insight_dagster.cli import main as run_command_line

    gc.freeze()
    gc.enable()
    run_command_line()


if __name__ == "__main__":
    main()
