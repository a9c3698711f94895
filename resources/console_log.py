"""The log of a run on the terminal of its process: Dagster's own, with names shown escaped.

What Dagster stores of a run is not changed; its UI shows it in a browser.
"""

from __future__ import annotations

import copy
import logging

import dagster as dg

from insight_dagster.files.visible_text import visible_lines


class VisibleFormatter(logging.Formatter):
    """Formats records as another formatter does, but with control characters escaped.

    Args:
        inner: the other formatter, which may add colours.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, of a record."""
        shown = copy.copy(record)
        shown.msg, shown.args = visible_lines(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            shown.exc_text = self.formatException(record.exc_info)
        shown.exc_text = shown.exc_text and visible_lines(shown.exc_text)
        return self._inner.format(shown)


@dg.logger(
    config_schema=dg.colored_console_logger.config_schema,
    description="Dagster's coloured log on the terminal, with control characters escaped.",
)
def console_log(context: dg.InitLoggerContext) -> logging.Logger:
    """Return Dagster's logger of the terminal with a formatter that escapes."""
    logger = dg.colored_console_logger.logger_fn(context)
    for handler in logger.handlers:
        handler.setFormatter(VisibleFormatter(handler.formatter or logging.Formatter()))
    return logger
