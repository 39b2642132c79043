"""Standard output, which may be full, closed, or a pipe whose reader has left."""

from __future__ import annotations

import os
import sys
from typing import TextIO

__all__ = ["OutputError", "give_up", "write_line"]


class OutputError(Exception):
    """Standard output takes nothing. One line, fit to be shown."""


def write_line(text: str) -> None:
    """Writes `text` and a line feed, and sends them on.

    Raises:
        BrokenPipeError: the reader has left.
        OutputError: it can't be written to.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        print(text, flush=True)
    except BrokenPipeError:
        give_up()
        raise
    except OSError as error:
        give_up()
        raise OutputError(f"standard output can't be written to: {error.strerror or error}") from error


def give_up(stream: TextIO | None = None) -> None:
    """Throws away what is still to be written to `stream` (standard output): Python would complain once more while it
    shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
