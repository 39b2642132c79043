"""What the processor shows of itself."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from logcore.live_line import LiveLine

__all__ = ["Progress", "summary"]

_WINDOW_S = 5.0


class Progress:
    """The live line, with the rate of the last seconds."""

    def __init__(self) -> None:
        self.line = LiveLine("processor")
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, text: str) -> None:
        """Writes a line that stays."""
        self.line.note(text)

    def show(self, stats: dict[str, Any]) -> None:
        """Shows how far it is, if it is time, and says once what keeps it from going on."""
        if stats["error"] is None:
            self.line.tell_trouble(stats["trouble"])
        now, logs = time.monotonic(), _logs(stats)
        self._samples.append((now, logs))
        while now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()
        if self.line.due():
            then, before = self._samples[0]
            rate = (logs - before) / (now - then) if now > then else 0.0
            self.line.show(f"{_counts(stats)}, {rate:,.0f} logs/s, lag {_known(stats['lag'])}")


def summary(stats: dict[str, Any]) -> str:
    """One line at the end."""
    logs, seconds = _logs(stats), stats["elapsed"]
    rate = f" ({logs / seconds:,.0f}/s)" if seconds > 0 else ""
    again = f", {stats['retries']:,} more were begun anew" if stats["retries"] else ""
    return f"{_counts(stats)} in {seconds:,.1f} s{rate}, {stats['transactions']:,} transactions{again}"


def _known(lag: int | None) -> str:
    return "not known yet" if lag is None else f"{lag:,}"


def _counts(stats: dict[str, Any]) -> str:
    return f"{_logs(stats):,} logs ({stats['good']:,} good, {stats['bad']:,} bad, {stats['suspicious']:,} suspicious)"


def _logs(stats: dict[str, Any]) -> int:
    return int(stats["good"] + stats["bad"] + stats["suspicious"])
