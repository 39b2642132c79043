"""Ctrl-C as a flag that loops look at, instead of an exception that may come between any two lines."""

from __future__ import annotations

import signal
import time
from types import FrameType

from stack.error import Interrupted

__all__ = ["POLL_S", "Interrupt"]

POLL_S = 0.1
"""How often, in seconds, a loop that waits looks at the world."""


class Interrupt:
    """Counts SIGINT, SIGTERM and SIGHUP from :meth:`install` on."""

    def __init__(self) -> None:
        self._signal_number: int | None = None
        self._count = 0

    def install(self) -> None:
        """Takes the signals over. SIGHUP stays ignored where it was (``nohup``)."""
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)

    def _note(self, signal_number: int, _frame: FrameType | None) -> None:
        if self._signal_number is None:
            self._signal_number = signal_number
        self._count += 1

    @property
    def impatient(self) -> bool:
        """Whether a second signal came: the person does not want to wait for an orderly stop."""
        return self._count > 1

    def check(self) -> None:
        """Raises :class:`Interrupted` if a signal has come."""
        if self._signal_number is not None:
            raise Interrupted(self._signal_number)

    def pause(self) -> None:
        """Waits :data:`POLL_S` seconds, then :meth:`check`."""
        self.check()
        time.sleep(POLL_S)
        self.check()
