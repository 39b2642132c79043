"""Ctrl-C and SIGTERM, for commands that finish and commit what is under way."""

from __future__ import annotations

import signal
import threading
from types import FrameType

__all__ = ["stop_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_on_signals() -> threading.Event:
    """An event that the first of them sets. A second one ends the process at once."""
    stop = threading.Event()

    def ask(_signum: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in _SIGNALS:
        # Started in the background of a script, a shell has Ctrl-C ignored on purpose.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, ask)
    return stop
