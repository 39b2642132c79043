"""One ``up`` or ``down`` at a time in one folder."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from stack.interrupt import Interrupt
from stack.layout import Layout, shown

__all__ = ["locked"]


@contextmanager
def locked(layout: Layout, interrupt: Interrupt) -> Iterator[None]:
    """Holds the stack's lock; waits, and says so, while another command holds it.

    The kernel drops the lock with its holder, so a killed command leaves none behind.
    """
    with layout.lock.open("a+", encoding="ascii") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    file.seek(0)
                    holder = file.read().strip() or "unknown"
                    print(f"waiting for another stack command in {shown(layout.root)} (pid {holder})", file=sys.stderr)
                    told = True
                interrupt.pause()
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
