"""What a person sees while it runs: one live line on a terminal, a line every 10 s in a log, warnings, a summary."""

from __future__ import annotations

import time
from collections import deque
from typing import TextIO

from logcore.indexer.delivery import Settled
from logcore.live_line import LiveLine

__all__ = ["Progress"]

_WINDOW_S = 5.0
_LOG_EVERY_S = 10.0


class Progress:
    """Counts what is settled. `note` may be called from any thread."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.line = LiveLine("logcore-indexer", stream, log_every_s=_LOG_EVERY_S)
        self._recent: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self.total = Settled()
        self.lag: int | None = None

    @property
    def records(self) -> int:
        """All records settled so far."""
        return sum(self.total)

    def add(self, settled: Settled) -> None:
        """Counts records that are settled."""
        self.total = self.total.plus(settled)

    def show(self) -> None:
        """Shows the progress line if it is time: the rate of the last seconds, what was done, and what is left."""
        if not self.line.due():
            return
        now = time.monotonic()
        self._recent.append((now, self.records))
        while len(self._recent) > 2 and now - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        then, before = self._recent[0]
        rate = (self.records - before) / max(now - then, 1e-9)
        parts = [f"{rate:,.0f}/s", f"{self.total.indexed:,} indexed"]
        if self.total.replayed:
            parts.append(f"{self.total.replayed:,} replayed")
        if self.total.rejected:
            parts.append(f"{self.total.rejected:,} rejected")
        if self.lag is not None:
            parts.append(f"lag {max(self.lag, 0):,}")
        self.line.show("  ".join(parts))

    def note(self, text: str) -> None:
        """Prints a line that stays."""
        self.line.note(text)

    def summary(self, seconds: float) -> str:
        """What was done; `seconds` is the time from the first poll to the last commit."""
        rate = self.records / seconds if seconds > 0 else 0.0
        return (
            f"{self.total.indexed:,} indexed  {self.total.replayed:,} replayed (there already)  "
            f"{self.total.rejected:,} rejected  in {seconds:.1f} s ({rate:,.0f}/s)"
        )
