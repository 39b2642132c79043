"""What a person sees while it runs: one live line on a terminal, a line every 5 s in a log, notes, a summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

__all__ = ["Progress", "summary"]

_NAME = "logcore-producer"


class Progress:
    """Shows the numbers of `Producer.stats`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._interval = 0.2 if self._live else 5.0
        self._shown = time.monotonic()
        self._width = 0
        self._error_shown = False

    def show(self, stats: Mapping[str, Any]) -> None:
        """Shows the progress line if it is time, and the first failure when it comes up."""
        self.tell_failure(stats)
        now = time.monotonic()
        if now - self._shown < self._interval:
            return
        self._shown = now
        lag = "" if stats["lag_p99"] is None else f"  lag p99 {_duration(stats['lag_p99'])}"
        self._print(f"{_NAME}: {stats['rate']:,.0f}/s  {_counts(stats)}{lag}", live=self._live)

    def tell_failure(self, stats: Mapping[str, Any]) -> None:
        """Says why the first log failed, once."""
        if stats["error"] is not None and not self._error_shown:
            self._error_shown = True
            self.note(f"not acknowledged: {stats['error']}")

    def note(self, text: str) -> None:
        """Prints a line that stays."""
        self._print(f"{_NAME}: {text}", live=False)

    def end_line(self) -> None:
        """Takes the live line away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def _print(self, text: str, *, live: bool) -> None:
        line = text.ljust(self._width)
        self._stream.write(f"\r{line}" if live or self._width else line)
        self._width = len(text) if live else 0
        if not live:
            self._stream.write("\n")
        self._stream.flush()


def summary(stats: Mapping[str, Any]) -> str:
    """What was done, in one line: counts, time, rate, size, and the lag behind the due times if there was a rate."""
    acknowledged, seconds = stats["acknowledged"], stats["elapsed"]
    rate = acknowledged / seconds if seconds > 0 else 0.0
    text = f"{_counts(stats)}  in {seconds:.1f} s ({_rate(rate)}/s)  {_size(stats['bytes'])}"
    if acknowledged:
        text += f" ({stats['bytes'] / acknowledged:.0f} bytes each)"
    if stats["lag_p50"] is not None:
        lags = ", ".join(f"{name} {_duration(stats[f'lag_{name}'])}" for name in ("p50", "p99", "max"))
        text += f"  lag {lags}"
    return text


def _counts(stats: Mapping[str, Any]) -> str:
    return f"{stats['acknowledged']:,} acknowledged  {stats['failed']:,} failed"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.2f}"


def _duration(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _size(size: float) -> str:
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:,.1f} {units[0]}"
