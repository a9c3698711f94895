"""A window of Chromium on a site, which records what its pages log and request."""

from __future__ import annotations

import time
from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")


class Window:
    """A browser window that records the messages and requests of a site's pages."""

    def __init__(self, browser, site: Path, **options: object) -> None:
        viewport = options.pop("viewport", {"width": 1300, "height": 950})
        self.context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        self.site = site
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", self._record)
        self.page.on("pageerror", lambda problem: self.messages.append(str(problem)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _record(self, message) -> None:
        # Without a GPU, what WebGL drew is read back to be shown; drivers log a message about that.
        if "GL Driver Message" not in message.text:
            self.messages.append(message.text)

    def open(self, address: str = "#/overview"):
        self.page.goto("about:blank")
        self.page.goto(f"{(self.site / 'index.html').as_uri()}{address}")
        self.page.wait_for_selector("#view[data-ready]", timeout=15000)
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.messages == []
        inside = (self.site.as_uri() + "/", "data:", "about:", "blob:")
        assert [each for each in self.requests if not each.startswith(inside)] == []


def settle(page) -> None:
    page.wait_for_timeout(250)
    page.wait_for_selector("#view[data-ready]")


def wait_until(page, expression: str, *, seconds: float = 15) -> None:
    """Wait for a JavaScript expression; the page's policy blocks Playwright's own way to do so."""
    last = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < last, f"never became true: {expression}"
        page.wait_for_timeout(50)
