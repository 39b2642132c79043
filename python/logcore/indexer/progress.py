"""What a person sees while it runs: one live line on a terminal, a line every 10 s in a log, warnings, a summary."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TextIO

from logcore.indexer.delivery import Settled

__all__ = ["Progress"]

_WINDOW_S = 5.0


class Progress:
    """Counts what is settled. `show` and `note` may be called from any thread."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._interval = 0.5 if self._live else 10.0
        self._lock = threading.Lock()
        self._start = self._shown = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque([(self._start, 0)])
        self._width = 0
        self.total = Settled()
        self.lag: int | None = None

    @property
    def records(self) -> int:
        """All records settled so far."""
        return sum(self.total)

    def add(self, settled: Settled) -> None:
        """Counts records that are settled and shows the line if it is time."""
        self.total = self.total.plus(settled)
        self.show()

    def show(self) -> None:
        """Shows the progress line, at most twice a second on a terminal and every 10 s elsewhere."""
        now = time.monotonic()
        if now - self._shown < self._interval:
            return
        self._shown = now
        self._recent.append((now, self.records))
        while len(self._recent) > 2 and now - self._recent[0][0] > max(_WINDOW_S, self._interval):
            self._recent.popleft()
        then, before = self._recent[0]
        rate = (self.records - before) / max(now - then, 1e-9)
        lag = "" if self.lag is None else f"  lag {max(self.lag, 0):,}"
        self._print(f"logcore-indexer: {self._counts()}  {rate:,.0f}/s{lag}", live=self._live)

    def note(self, text: str) -> None:
        """Prints a line that stays."""
        self._print(f"logcore-indexer: {text}", live=False)

    def summary(self, seconds: float) -> str:
        """The last line; `seconds` is the time from the first poll to the last commit."""
        rate = self.records / seconds if seconds > 0 else 0.0
        return f"logcore-indexer: {self._counts()}  in {seconds:.1f} s ({rate:,.0f}/s)"

    def end_line(self) -> None:
        """Takes the live line away."""
        with self._lock:
            if self._width:
                self._stream.write("\r" + " " * self._width + "\r")
                self._stream.flush()
                self._width = 0

    def _counts(self) -> str:
        return (
            f"{self.total.indexed:,} indexed  {self.total.replayed:,} replayed (there already)  "
            f"{self.total.rejected:,} rejected"
        )

    def _print(self, text: str, *, live: bool) -> None:
        with self._lock:
            line = text.ljust(self._width)
            self._stream.write(f"\r{line}" if live or self._width else line)
            self._width = len(text) if live else 0
            if not live:
                self._stream.write("\n")
            self._stream.flush()
