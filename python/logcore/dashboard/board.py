"""What the page can be asked: counts by time, reason and value for any window and filter, from what has been read."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from logcore._core import STATUSES
from logcore.dashboard.delay import Delays
from logcore.dashboard.dimensions import Layout
from logcore.dashboard.latest import Latest
from logcore.dashboard.reasons import Rows
from logcore.dashboard.records import NO_TIME, Records, read
from logcore.dashboard.ring import Ring

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EVERYTHING", "WINDOWS", "Board", "Question", "Source"]

WINDOWS = (60, 300, 900, 3600)
"""Seconds that a view may look back."""
EVERYTHING = 0
"""The window of all that was read."""
_COARSE = 10
"""Seconds that counts by value are kept for together. Windows begin at a multiple of it, so that all counts of a view
are of the same logs."""
_AHEAD = 60
"""Seconds that a log's timestamp may be ahead of our clock."""
_HOUR = 3600
_STEPS = {60: 1, 300: 1, 900: 5}
"""Seconds between the points of a window's chart, 10 for longer ones: at most 360 points."""
_LATEST_SHOWN = 50


@dataclass(frozen=True)
class Question:
    """What a view is of: seconds back (or EVERYTHING), the statuses, and a reason's path and code."""

    window: int = 300
    statuses: tuple[str, ...] = STATUSES
    reason: tuple[str, str] | None = None


@dataclass
class Source:
    """Where reading stands, as the reader says it."""

    topic: str
    behind: int | None = None
    """Records on the topic that were not read yet."""
    caught_up: bool = False
    """Whether all that was on the topic at the start has been read."""
    error: str | None = None
    """Why nothing comes, where there is a reason."""
    read: int = 0
    unreadable: int = 0


@dataclass
class Board:
    """Takes status records in and answers questions; both from any thread."""

    layout: Layout
    source: Source
    _rows: Rows = field(default_factory=Rows)
    _latest: Latest = field(default_factory=Latest)
    _delays: Delays = field(default_factory=Delays)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _newest: int = NO_TIME
    _arrived: float = 0.0
    """When the last log with a time came."""

    def __post_init__(self) -> None:
        slots = _HOUR + _AHEAD + 2 * _COARSE
        self._fine = Ring(step=1, slots=slots, columns=1)
        self._coarse = Ring(step=_COARSE, slots=slots // _COARSE + 1, columns=self.layout.columns)
        self._all = np.zeros((len(STATUSES), self.layout.columns), np.int64)

    @property
    def nbytes(self) -> int:
        """Memory that the counts take, in bytes."""
        return self._fine.nbytes + self._coarse.nbytes + int(self._all.nbytes)

    def add(self, keys: pa.Array, values: pa.Array, now: float | None = None) -> None:
        """Counts a batch of the status topic, binary arrays. `now` is the time in seconds since 1970."""
        at = time.time() if now is None else now
        with self._lock:
            records = read(values, self.layout, self._rows)
            self.source.read += len(records)
            self.source.unreadable += records.unreadable
            self._advance(at)
            self._count(records)
            self._latest.add(records, keys, values)
            timed = records.milliseconds[records.milliseconds != NO_TIME]
            timed = timed[timed <= (at + _AHEAD) * 1000]
            if len(timed):
                self._newest = max(self._newest, int(timed.max()))
                self._arrived = at
                self._delays.add(at, np.maximum(int(at * 1000) - timed, 0))

    def view(self, question: Question, now: float | None = None) -> dict[str, Any]:
        """The answer, as JSON has it. Times are in seconds since 1970, `newest` and delays in milliseconds."""
        at = time.time() if now is None else now
        with self._lock:
            self._advance(at)
            second = int(at)
            return {
                "now": at,
                "topic": self.source.topic,
                "newest": None if self._newest == NO_TIME else min(self._newest, int(at * 1000)),
                "arrived": self._arrived or None,
                "behind": self.source.behind,
                "caught_up": self.source.caught_up,
                "error": self.source.error,
                "read": self.source.read,
                "unreadable": self.source.unreadable,
                "delay": self._delays.percentiles(at),
                "rate": self._rate(at),
                "hour": self._totals(_HOUR, second),
                "unfiltered": self._totals(question.window, second),
                **self._filtered(question, second),
            }

    def _filtered(self, question: Question, second: int) -> dict[str, Any]:
        table = self._table(question.window, second)
        rows = self._rows_of(question)
        met = [(int(table[row, 0]), reason) for row, reason in self._rows.reasons if reason.status in question.statuses]
        reasons = [
            {**reason._asdict(), "count": count}
            for count, reason in sorted(met, key=lambda each: (-each[0], each[1]))
            if count
        ]
        dimensions = []
        for dimension in self.layout.dimensions:
            span = slice(dimension.first, dimension.first + len(dimension.labels))
            counts = {status: table[list(of), span].sum(axis=0) for status, of in rows.items()}
            values = [
                {"value": label, **{status: int(counts[status][place]) for status in STATUSES}}
                for place, label in enumerate(dimension.labels)
                if any(counts[status][place] for status in STATUSES)
            ]
            dimensions.append({"name": dimension.name, "values": values})
        chosen = [row for of in rows.values() for row in of]
        return {
            "totals": {status: int(table[list(of), 0].sum()) for status, of in rows.items()},
            "series": self._series(rows, question.window, second),
            "reasons": reasons,
            "dimensions": dimensions,
            "latest": self._latest.of(chosen, _LATEST_SHOWN),
        }

    def _rows_of(self, question: Question) -> dict[str, list[int]]:
        """For each status the rows that are counted: its own, or the chosen reason's."""
        rows: dict[str, list[int]] = {status: [] for status in STATUSES}
        if question.reason is None:
            return {status: [place] if status in question.statuses else [] for place, status in enumerate(STATUSES)}
        for row, reason in self._rows.reasons:
            if reason[:2] == question.reason and reason.status in question.statuses:
                rows[reason.status].append(row)
        return rows

    def _table(self, window: int, second: int) -> npt.NDArray[np.int64]:
        """Counts as [row, column], with a row for each of today's."""
        if window == EVERYTHING:
            return self._all
        table = self._coarse.total(_beginning(window, second), second + _AHEAD)
        missing = len(self._rows) - len(table)
        return np.pad(table, ((0, missing), (0, 0))) if missing > 0 else table

    def _series(self, rows: dict[str, list[int]], window: int, second: int) -> dict[str, Any]:
        """Logs by status for each step; their sum is the view's total, but for logs ahead of the clock."""
        first = _beginning(window or _HOUR, second)
        step = _STEPS.get(window, _COARSE)
        # The last step isn't over yet.
        counts = self._fine.between(first, (second // step) * step + step - 1)[:, :, 0]
        series: dict[str, Any] = {"start": first, "step": step}
        for status, of in rows.items():
            kept = [row for row in of if row < counts.shape[1]]
            series[status] = counts[:, kept].sum(axis=1).reshape(-1, step).sum(axis=1).tolist()
        return series

    def _totals(self, window: int, second: int) -> dict[str, int]:
        """Logs by status, whatever their reasons and values."""
        if window == EVERYTHING:
            table = self._all
        else:
            table = self._fine.total(_beginning(window, second), (second + _AHEAD) // _COARSE * _COARSE + _COARSE - 1)
        return {status: int(table[place, 0]) for place, status in enumerate(STATUSES)}

    def _rate(self, at: float) -> float:
        """Logs a second over the ten whole seconds before the newest log; 0 where nothing has come for ten."""
        if at - self._arrived > _COARSE:
            return 0.0
        newest = min(int(at), self._newest // 1000)
        return float(self._fine.between(newest - _COARSE, newest - 1)[:, : len(STATUSES), 0].sum()) / _COARSE

    def _advance(self, at: float) -> None:
        self._fine.advance(int(at) + _AHEAD)
        self._coarse.advance(int(at) + _AHEAD)

    def _count(self, records: Records) -> None:
        """A log is counted in the row of its status and in that of each reason, in each dimension's column."""
        everyone = np.arange(len(records), dtype=np.int64)
        of = np.concatenate([everyone, records.reason_of])
        rows = np.concatenate([records.statuses, records.reasons])
        # NO_TIME stays what it is, before all that is kept.
        seconds = records.milliseconds[of] // 1000
        none = np.zeros(len(of), np.int64)
        self._fine.add(seconds, rows, none)
        columns = [none, *(column[of] for column in records.columns)]
        times = len(columns)
        rows, seconds, flat = np.tile(rows, times), np.tile(seconds, times), np.concatenate(columns)
        self._coarse.add(seconds, rows, flat)
        missing = len(self._rows) - len(self._all)
        if missing > 0:
            self._all = np.pad(self._all, ((0, missing), (0, 0)))
        width = self.layout.columns
        self._all += np.bincount(rows * width + flat, minlength=self._all.size).reshape(self._all.shape)


def _beginning(window: int, second: int) -> int:
    """The first second of a window that ends now."""
    return (second // _COARSE) * _COARSE - window + _COARSE
