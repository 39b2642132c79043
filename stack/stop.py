"""Stops processes: asks, waits, then kills."""

from __future__ import annotations

import signal
import time
from typing import Callable

from stack.interrupt import POLL_S, Interrupt
from stack.process import Record, group_alive, signal_group

__all__ = ["stop_all"]

GRACE_S = 30.0
_KILLED_S = 5.0


def stop_all(
    records: dict[str, Record],
    interrupt: Interrupt,
    tell: Callable[[str, str], None],
    grace_s: float = GRACE_S,
) -> list[str]:
    """Stops all of `records` (name → process) together and returns the names of those that even SIGKILL left alive.

    SIGTERM first; SIGKILL after `grace_s` seconds, or at once when the person sends a second signal. `tell` gets a name
    and how its process ended.
    """
    begin = time.monotonic()
    left = dict(records)
    for record in left.values():
        signal_group(record, signal.SIGTERM)
    killed_at = None
    while left:
        for name, record in list(left.items()):
            if not group_alive(record):
                del left[name]
                how = "killed" if killed_at is not None else "stopped"
                tell(name, f"{how} (pid {record.pid}) after {time.monotonic() - begin:.0f} s")
        now = time.monotonic()
        if left and killed_at is None and (now - begin > grace_s or interrupt.impatient):
            killed_at = now
            for record in left.values():
                signal_group(record, signal.SIGKILL)
        if killed_at is not None and now - killed_at > _KILLED_S:
            break
        if left:
            time.sleep(POLL_S)
    return list(left)
