"""What a person sees while verify reads: one live line on a terminal, a line every 10 s elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

__all__ = ["Progress"]


class Progress:
    """Counts records of one stage after another."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._stage = ""
        self._records = 0
        self._width = 0
        self._start = self._shown = time.monotonic()

    def add(self, stage: str, records: int) -> None:
        """Counts `records` more of `stage`."""
        now = time.monotonic()
        if stage != self._stage:
            self.done()
            self._stage, self._records, self._start = stage, 0, now
        self._records += records
        if now - self._shown >= (0.5 if self._live else 10.0):
            self._shown = now
            self._show(now)

    def done(self) -> None:
        """Ends the stage with a line that stays."""
        if self._stage:
            self._show(time.monotonic(), last=True)
            self._stage = ""

    def clear(self) -> None:
        """Takes the live line away, before an error's line."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def _show(self, now: float, *, last: bool = False) -> None:
        seconds = now - self._start
        rate = f"{self._records / seconds:,.0f}/s" if seconds > 0.05 else "-"
        text = f"logcore-verify: {self._stage}: {self._records:,} read  {rate}"
        line = text.ljust(self._width)
        stays = last or not self._live
        self._stream.write(f"\r{line}" if self._live else line)
        if stays:
            self._stream.write("\n")
        self._width = 0 if stays else len(text)
        self._stream.flush()
