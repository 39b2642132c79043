"""What a person sees while a command runs: one line that a terminal shows over itself, and lines that stay."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TextIO

__all__ = ["LiveLine"]

_DEFAULT_COLUMNS = 80


class LiveLine:
    """Writes lines that begin with `name` to `stream` (standard error). All of it may be called from any thread.

    On a terminal the live line stays one line, cut to the terminal's width; elsewhere it becomes a line now and then.
    `live_every_s` and `log_every_s` say how often, in seconds.
    """

    def __init__(
        self, name: str, stream: TextIO | None = None, *, live_every_s: float = 0.5, log_every_s: float = 10.0
    ) -> None:
        self._name = name
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._every_s = live_every_s if self._live else log_every_s
        self._lock = threading.Lock()
        self._shown = time.monotonic()
        self._width = 0
        self._in_trouble = False

    def due(self) -> bool:
        """True if it is time for `show`; asks for the next line only after the interval."""
        now = time.monotonic()
        if now - self._shown < self._every_s:
            return False
        self._shown = now
        return True

    def show(self, text: str) -> None:
        """Shows the live line as it is now; whoever calls often asks `due` first."""
        self._write(text, stays=not self._live)

    def waits(self, text: str) -> None:
        """On a terminal shows what is waited for, until anything else comes; elsewhere nothing."""
        if self._live:
            self._write(text, stays=False)

    def note(self, text: str) -> None:
        """Writes a line that stays, in whole."""
        self._write(text, stays=True)

    def tell_trouble(self, trouble: str | None) -> None:
        """Says once what keeps the command from going on, and once that it goes on. To be called often."""
        if (trouble is not None) != self._in_trouble:
            self._in_trouble = trouble is not None
            self.note(f"{trouble}; trying again" if self._in_trouble else "going on")

    def end(self) -> None:
        """Takes the live line away."""
        with self._lock:
            if self._width:
                self._stream.write("\r" + " " * self._width + "\r")
                self._stream.flush()
                self._width = 0

    def _write(self, text: str, *, stays: bool) -> None:
        line = f"{self._name}: {text}"
        with self._lock:
            if not stays:
                line = _cut(line, self._columns() - 1)
            before = "\r" if self._width or not stays else ""
            self._stream.write(before + line.ljust(self._width) + ("\n" if stays else ""))
            self._stream.flush()
            self._width = 0 if stays else len(line)

    def _columns(self) -> int:
        try:
            # 0 where the terminal does not know.
            return os.get_terminal_size(self._stream.fileno()).columns or _DEFAULT_COLUMNS
        except (OSError, ValueError):
            return _DEFAULT_COLUMNS


def _cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else line[: max(columns - 1, 0)] + "…"
