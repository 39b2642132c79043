"""What a person sees while topics are read and written: one live line on a terminal, a line every 10 s elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from logcore.live_line import LiveLine

__all__ = ["Progress"]


class Progress:
    """Counts records of stages, which may take turns."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.line = LiveLine("logcore-dlq", stream)
        self._stages: dict[str, tuple[int, float]] = {}

    def add(self, stage: str, records: int) -> None:
        """Counts `records` more of `stage`, such as ``topic server-logs``."""
        counted, start = self._stages.get(stage, (0, time.monotonic()))
        counted += records
        self._stages[stage] = counted, start
        if self.line.due():
            seconds = time.monotonic() - start
            rate = f"  {counted / seconds:,.0f}/s" if seconds > 0.05 else ""
            self.line.show(f"{stage}: {counted:,}{rate}")

    def note(self, text: str) -> None:
        """Prints a line that stays."""
        self.line.note(text)
