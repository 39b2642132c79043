"""Commands as they show themselves on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence

__all__ = ["shown_on_a_terminal"]

_ROWS, _COLUMNS = 24, 100


def shown_on_a_terminal(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Runs the command to its end on a terminal of 24 rows and 100 columns; its exit status and all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the terminal's other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return process.returncode, shown
