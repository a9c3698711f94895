"""Progress: a line now and then in a log, a bar in a terminal."""

import io

from insight_dagster.commands.console import Console
from insight_dagster.commands.progress import progress_bars
from insight_dagster.resources.progress import LoggedProgress


class _Log:
    def __init__(self):
        self.lines = []

    def info(self, line):
        self.lines.append(line)


class _Context:
    def __init__(self):
        self.log = _Log()


def test_the_log_gets_the_end_and_not_every_clip():
    context = _Context()
    advance = LoggedProgress().track(context, "embeddings", 3)
    for _ in range(3):
        advance(1)
    assert context.log.lines == ["embeddings: 3 of 3 clips"]


def test_the_bar_names_the_step_and_the_class():
    shown = io.StringIO()
    with progress_bars(Console(file=shown, force_terminal=True, width=120)) as bars:
        advance = bars.track(_Context(), "embeddings · abseiling", 4)
        advance(3)
        bars.bars.refresh()
    assert "embeddings · abseiling" in shown.getvalue()
    assert "3/4" in shown.getvalue()


def test_a_pipe_gets_no_bar():
    shown = io.StringIO()
    with progress_bars(Console(file=shown, width=120)) as bars:
        bars.begin("rendering", 2)(2)
    assert shown.getvalue().strip() == ""
