"""Waiting for Elasticsearch to come back: exponential back-off, a warning now and then, and an end on request."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

__all__ = ["Outage", "Stopped"]

_FIRST_DELAY_S = 0.25
_LONGEST_DELAY_S = 30.0
_FIRST_WARNING_S = 5.0
_LONGEST_WARNING_S = 600.0


class Stopped(Exception):
    """Asked to stop while waiting: what was being sent is not settled."""


class Outage:
    """Shared by all threads that send, so that ten of them don't warn ten times.

    `warn` gets one line at the second fault in a row, then after 5 s, 10 s, 20 s … at last every 10 minutes, and one
    when it is over.
    """

    def __init__(
        self,
        stop: threading.Event,
        warn: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._stop = stop
        self._warn = warn
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._since: float | None = None
        self._warned = False
        self._next_warning = 0.0
        self._interval = 0.0

    def wait(self, attempt: int, cause: str) -> None:
        """Sleeps before attempt number `attempt` + 1, counted from 1. Raises Stopped as soon as it is asked to stop."""
        self._note(attempt, cause)
        # Full jitter between half and all of the delay: senders must not come back all at once.
        delay = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** min(attempt - 1, 16)) * (0.5 + 0.5 * self._chance())
        if self._stop.wait(delay):
            raise Stopped

    def over(self) -> None:
        """A request went through."""
        if self._since is None:
            return
        with self._lock:
            since, warned = self._since, self._warned
            self._since, self._warned = None, False
        if since is not None and warned:
            self._warn(f"Elasticsearch takes documents again after {self._clock() - since:.0f} s")

    def _note(self, attempt: int, cause: str) -> None:
        with self._lock:
            now = self._clock()
            if self._since is None:
                self._since = now
                self._interval = _FIRST_WARNING_S
                # A single refusal under load is everyday life; the second in a row is news.
                self._next_warning = now
            if attempt < 2 or now < self._next_warning:
                return
            self._warned = True
            self._next_warning = now + self._interval
            self._interval = min(self._interval * 2, _LONGEST_WARNING_S)
            lasted = now - self._since
        self._warn(f"Elasticsearch: {cause}; trying again, for {lasted:.0f} s so far")
