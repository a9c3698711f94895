"""The command line `insight`, called as a shell would call it."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from subprocess import CompletedProcess, run

import pytest

from insight_dagster.cli import main


def insight(*arguments: str, **environment: str) -> CompletedProcess:
    """Run a command in this process; what libraries write past `sys` is not seen."""
    output, errors = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        for name, value in {**environment, "COLUMNS": "200"}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["insight", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return CompletedProcess(arguments, ended.value.code, output.getvalue(), errors.getvalue())


def insight_process(*arguments: str, **environment: str) -> CompletedProcess:
    """Run a command in a process of its own, with all that it prints."""
    return run(
        [sys.executable, "-m", "insight_dagster", *arguments],
        env=os.environ | environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def error_line(result: CompletedProcess, status: int = 1) -> str:
    """Return the error line of a command, after checking that nothing else was printed."""
    assert result.returncode == status, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert line.startswith("error: ")
    return line
