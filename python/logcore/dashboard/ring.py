"""Counts by time that never grow: the slots of the last hour, each a table of rows and columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Ring"]

_MOST_ROWS_AHEAD = 16


class Ring:
    """`slots` tables of counts, each for `step` seconds; older ones give their place to newer ones.

    Times are whole seconds since 1970. Rows are added as they are needed.
    """

    def __init__(self, *, step: int, slots: int, columns: int) -> None:
        self.step = step
        self._slots = slots
        self._counts = np.zeros((slots, _MOST_ROWS_AHEAD, columns), np.int32)
        self._head = -1
        """The newest slot's time in steps; -1 before the first."""

    @property
    def nbytes(self) -> int:
        """Memory that the counts take."""
        return self._counts.nbytes

    def advance(self, second: int) -> None:
        """Makes `second` the end of what is kept; what becomes too old for it is forgotten."""
        head = second // self.step
        if head <= self._head:
            return
        fresh = min(head - self._head, self._slots) if self._head >= 0 else self._slots
        places = np.arange(head - fresh + 1, head + 1) % self._slots
        self._counts[places] = 0
        self._head = head

    def add(self, seconds: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> None:
        """Counts one for each (time, row, column); those outside of what is kept are passed over."""
        if len(rows) == 0:
            return
        times = seconds // self.step
        kept = (times <= self._head) & (times > self._head - self._slots)
        times, rows, columns = times[kept], rows[kept], columns[kept]
        if len(rows) == 0:
            return
        self._make_room(int(rows.max()) + 1)
        _, height, width = self._counts.shape
        places, counts = np.unique(((times % self._slots) * height + rows) * width + columns, return_counts=True)
        self._counts.reshape(-1)[places] += counts.astype(np.int32)

    def between(self, first: int, last: int) -> npt.NDArray[np.int32]:
        """The tables from the slot of second `first` to that of `last`, both included, as [slot, row, column].

        Slots that are not kept are zeros.
        """
        times = np.arange(first // self.step, last // self.step + 1)
        tables: npt.NDArray[np.int32] = self._counts[times % self._slots]
        tables[(times > self._head) | (times <= self._head - self._slots)] = 0
        return tables

    def total(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """The sum of the same tables, as [row, column], without a copy of them."""
        low = max(first // self.step, self._head - self._slots + 1)
        high = min(last // self.step, self._head)
        total = np.zeros(self._counts.shape[1:], np.int64)
        while low <= high:
            place = low % self._slots
            length = min(high - low + 1, self._slots - place)
            total += self._counts[place : place + length].sum(axis=0, dtype=np.int64)
            low += length
        return total

    def _make_room(self, rows: int) -> None:
        slots, height, width = self._counts.shape
        if rows > height:
            wider = np.zeros((slots, rows + _MOST_ROWS_AHEAD, width), np.int32)
            wider[:, :height] = self._counts
            self._counts = wider
