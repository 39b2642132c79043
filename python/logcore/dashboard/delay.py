"""How long logs take from Kafka's timestamp to this process, over the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

__all__ = ["Delays"]

_A_DECADE = 50
"""Buckets for each factor of ten: a percentile is right to 5 %."""
_BUCKETS = 12 * _A_DECADE


class Delays:
    """The delays of the last `span` seconds, in milliseconds, counted by second and size."""

    def __init__(self, span: int = 10) -> None:
        self._span = span
        self._seconds: deque[tuple[int, npt.NDArray[np.int64], int]] = deque()

    def add(self, now: float, delays: npt.NDArray[np.int64]) -> None:
        """Takes in a batch's delays, which came at second `now`."""
        if len(delays) == 0:
            return
        buckets = np.minimum((np.log10(delays + 1.0) * _A_DECADE).astype(np.int64), _BUCKETS - 1)
        counts = np.bincount(buckets, minlength=_BUCKETS)
        second, largest = int(now), int(delays.max())
        if self._seconds and self._seconds[-1][0] == second:
            _, before, most = self._seconds.pop()
            counts, largest = counts + before, max(most, largest)
        self._seconds.append((second, counts, largest))
        self._forget(now)

    def percentiles(self, now: float) -> dict[str, int] | None:
        """p50, p99 and max in ms; None where nothing came."""
        self._forget(now)
        if not self._seconds:
            return None
        counts = np.cumsum(np.sum([each for _, each, _ in self._seconds], axis=0))
        largest = max(most for _, _, most in self._seconds)
        found = {"max": largest}
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            bucket = int(np.searchsorted(counts, share * counts[-1]))
            found[name] = min(round(10 ** ((bucket + 0.5) / _A_DECADE) - 1), largest)
        return found

    def _forget(self, now: float) -> None:
        while self._seconds and int(now) - self._seconds[0][0] > self._span:
            self._seconds.popleft()
