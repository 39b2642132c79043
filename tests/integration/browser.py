"""A real headless Chromium, Debian's, as a person's browser; what it complains of and whom it asks is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visit:
    """A page that is open, the lines of its console that are errors or warnings, and every address it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the end of the block."""
    path = shutil.which("chromium")
    assert path is not None, "chromium is missing; apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Visit]:
    """`url` in a window of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
    )
    visited = Visit(context.new_page())
    visited.page.on(
        "console", lambda said: visited.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    visited.page.on("request", lambda request: visited.asked.append(request.url))
    try:
        visited.page.goto(url)
        yield visited
    finally:
        context.close()
