"""What a person sees while it runs: one live line on a terminal, a line every 5 s in a log, notes, a summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from logcore.live_line import LiveLine

__all__ = ["Progress", "summary"]


class Progress:
    """Shows the numbers of `Producer.stats`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.line = LiveLine("logcore-producer", stream, live_every_s=0.2, log_every_s=5.0)
        self._error_shown = False

    def show(self, stats: Mapping[str, Any]) -> None:
        """Shows the progress line if it is time, and the first failure when it comes up."""
        self.tell_failure(stats)
        if self.line.due():
            lag = "" if stats["lag_p99"] is None else f"  lag p99 {_duration(stats['lag_p99'])}"
            self.line.show(f"{stats['rate']:,.0f}/s  {_counts(stats)}{lag}")

    def tell_failure(self, stats: Mapping[str, Any]) -> None:
        """Says why the first log failed, once."""
        if stats["error"] is not None and not self._error_shown:
            self._error_shown = True
            self.note(f"not acknowledged: {stats['error']}")

    def note(self, text: str) -> None:
        """Prints a line that stays."""
        self.line.note(text)


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
