"""What a person sees while verify reads: one live line on a terminal, a line every 10 s elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from logcore.live_line import LiveLine

__all__ = ["Progress"]


class Progress:
    """Counts records of one stage after another."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.line = LiveLine("logcore-verify", stream)
        self._stage = ""
        self._records = 0
        self._start = time.monotonic()

    def add(self, stage: str, records: int) -> None:
        """Counts `records` more of `stage`."""
        if stage != self._stage:
            self.done()
            self._stage, self._records, self._start = stage, 0, time.monotonic()
        self._records += records
        if self.line.due():
            self.line.show(self._text())

    def done(self) -> None:
        """Ends the stage with a line that stays."""
        if self._stage:
            self.line.note(self._text())
            self._stage = ""

    def _text(self) -> str:
        seconds = time.monotonic() - self._start
        rate = f"{self._records / seconds:,.0f}/s" if seconds > 0.05 else "-"
        return f"{self._stage}: {self._records:,} read  {rate}"
