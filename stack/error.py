"""What a person can put right, said in one line."""

from __future__ import annotations

__all__ = ["Interrupted", "StackError"]


class StackError(Exception):
    """A missing tool, a taken port, a service that does not come up. The text is one line that says what to do."""


class Interrupted(Exception):
    """The person pressed Ctrl-C, or the terminal went away.

    Raised by :meth:`stack.interrupt.Interrupt.check` only, never from within a signal handler: so a process that has
    just been started is always recorded before anybody has to stop it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"signal {signal_number}")
        self.signal_number = signal_number
