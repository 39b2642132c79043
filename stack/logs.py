"""The log of one service: a fresh file a start, and what matters in it after a failure."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["reason", "rotate"]

_RELEVANT = re.compile(
    r"\b(ERROR|FATAL|error|fatal|exception|Caused by|cannot|can't|failed|denied)\b|Exception|Error\b", re.I
)
_TIMESTAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ][\d:,.]+\]?\s*")
_STACK_FRAME = re.compile(r"^\s*(at |\.\.\. \d+ more|Suppressed:)")
_TAIL_BYTES = 65_536
_LONGEST = 480
_LONGEST_PART = 200


def rotate(log: Path) -> None:
    """Keeps the previous start's log as ``NAME.log.1``."""
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))


def reason(log: Path) -> str:
    """The last lines of the log that speak of an error, joined and cut to one readable line; else its last line."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "it wrote no log"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _STACK_FRAME.match(line)]
    if not lines:
        return "its log is empty"
    relevant = [line for line in lines if _RELEVANT.search(line)]
    line = " | ".join(_TIMESTAMP.sub("", each)[:_LONGEST_PART] for each in relevant[-3:]) if relevant else lines[-1]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
