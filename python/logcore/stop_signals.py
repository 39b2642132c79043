"""Ctrl-C and SIGTERM, for commands that finish and commit what is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["on_signals", "stop_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """From here on they are handled so."""
    for number in _SIGNALS:
        # Started in the background of a script, a shell has Ctrl-C ignored on purpose.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def stop_on_signals() -> threading.Event:
    """An event that the first of them sets. A second one ends the process at once."""
    stop = threading.Event()

    def ask(_signum: int, _frame: FrameType | None) -> None:
        on_signals(signal.SIG_DFL)
        stop.set()

    on_signals(ask)
    return stop
