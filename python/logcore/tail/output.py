"""Standard output, for what may come for days and whose reader may leave at any time."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Mapping
from typing import TextIO

__all__ = ["Output"]

_DEFAULT_COLUMNS = 80


class Output:
    """Writes lines to `stream`, each whole, and sends them on at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = stream.encoding
        self.terminal = stream.isatty()
        self._reader = select.poll()
        # Errors and hang-ups are told of without being asked for.
        self._reader.register(stream.fileno(), 0)

    def colored(self, wish: str, environment: Mapping[str, str] = os.environ) -> bool:
        """Whether lines get colours, by `wish`: auto, always or never."""
        if wish != "auto":
            return wish == "always"
        # https://no-color.org
        return self.terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"

    def columns(self) -> int | None:
        """How wide the terminal is now; None if it is none."""
        if not self.terminal:
            return None
        try:
            # 0 where the terminal does not know.
            return os.get_terminal_size(self._stream.fileno()).columns or _DEFAULT_COLUMNS
        except OSError:
            return _DEFAULT_COLUMNS

    def encoded(self, line: str) -> bytes:
        """In the encoding of whoever reads; what that lacks is escaped."""
        return line.encode(self._encoding, "backslashreplace")

    def write(self, lines: Iterable[bytes]) -> None:
        """Writes each with a line feed. Raises OSError, BrokenPipeError where the reader has left."""
        self._stream.buffer.write(b"\n".join((*lines, b"")))
        self._stream.buffer.flush()

    def reader_left(self) -> bool:
        """True if nobody can read any more, which a pipe tells before the next line is written to it."""
        return any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in self._reader.poll(0))
