"""Processes that write the library end with the program that started them, however it ends."""

import subprocess
import sys

WRITE = """
import sys
from pathlib import Path
from insight_dagster.demo.library.make_library import make_library
if __name__ == "__main__":
    show = lambda count: print("begun", flush=True)
    make_library(Path(sys.argv[1]), clips_per_class=1000, workers=2, progress=show)
"""


def test_a_killed_program_leaves_no_process_with_its_output(tmp_path):
    script = tmp_path / "write.py"
    script.write_text(WRITE)
    program = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "library")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout.readline() == "begun\n"
    program.kill()
    program.communicate(timeout=60)  # to the end of the output, which every process holds open
