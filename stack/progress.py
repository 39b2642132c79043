"""What the person sees while it takes time."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["report"]


def report(name: str, state: str, seconds: float | None = None) -> None:
    """Prints one line on stderr: who, what, and after how many seconds.

    A terminal that has gone away is no reason to leave a service running behind it, so a failed write is let pass.
    """
    line = f"{name:<14} {state}" if seconds is None else f"{name:<14} {state:<14} {seconds:4.0f} s"
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
