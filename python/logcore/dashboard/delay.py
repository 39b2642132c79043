"""How long logs take from Kafka's timestamp to this process, over the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

__all__ = ["Delays"]

_SAMPLES = 500
"""Kept of one batch; more would say the same."""
_BATCHES = 256


class Delays:
    """The delays of the last `span` seconds, in milliseconds."""

    def __init__(self, span: float = 10.0) -> None:
        self._span = span
        self._batches: deque[tuple[float, npt.NDArray[np.int64], int]] = deque(maxlen=_BATCHES)

    def add(self, now: float, delays: npt.NDArray[np.int64]) -> None:
        """Takes in a batch's delays, which came at second `now`."""
        if len(delays):
            largest = int(delays.max())
            self._batches.append((now, delays[:: len(delays) // _SAMPLES + 1], largest))

    def percentiles(self, now: float) -> dict[str, int] | None:
        """p50, p99 and max in ms; None where nothing came."""
        while self._batches and now - self._batches[0][0] > self._span:
            self._batches.popleft()
        if not self._batches:
            return None
        delays = np.concatenate([batch for _, batch, _ in self._batches])
        p50, p99 = np.percentile(delays, [50, 99])
        return {"p50": int(p50), "p99": int(p99), "max": max(largest for _, _, largest in self._batches)}
