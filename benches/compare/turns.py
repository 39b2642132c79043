"""How long a rival takes."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["turn"]

# What disturbs the machine for a moment must not hit the fast harder than the slow.
_SECONDS = 1.0


def turn(run: Callable[[], object]) -> float:
    """Calls `run` until a second has passed; yields the seconds of a call."""
    started, runs = time.perf_counter(), 0
    while True:
        run()
        runs += 1
        taken = time.perf_counter() - started
        if taken >= _SECONDS:
            return taken / runs
