"""The page of the command line: every command with its arguments and options, from the parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from docs.generate.markdown import code, escaped, page, table
from insight_dagster.cli import app

PROGRAM = "insight"


def commands_page() -> str:
    """Return the reference page of the command line."""
    introduction = (
        f"`{PROGRAM} COMMAND --help` prints the same. Options that are left out are taken from the "
        "[settings](settings.md). An error is one line that says what to do; the exit status is "
        "1 for a failure, 2 for an unknown or wrong value, 3 where a class does not pass. Tables "
        "leave out their last columns where the terminal is narrow, and say so; `COLUMNS` sets the "
        "width, and a pipe without it gets everything. `--json` prints [documents](json.md). "
        "Control characters and invisible ones in names are shown escaped. "
        "`insight --install-completion` sets up completion in your shell."
    )
    return page("Command line", introduction, *(_section(*each) for each in commands()))


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name, e.g. `insight baseline promote`."""
    yield from _below(PROGRAM, typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for below in command.commands.values():
        yield from _below(f"{name} {below.name}", below)


def _section(name: str, command: Any) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    parameters = [each for each in command.get_params(context) if each.name != "help"]
    rows = [_row(each, context) for each in parameters]
    return "\n\n".join(
        [
            f"## {name}",
            escaped(" ".join((command.help or "").split())),
            f"```text\n{usage}\n```",
            table(["argument or option", "meaning"], rows),
        ]
    )


def _row(parameter: Any, context: Any) -> list[str]:
    names, meaning = parameter.get_help_record(context)
    return [code(names), escaped(" ".join(meaning.split()))]
